import { SignJWT } from 'jose';
import type { ConnectLog } from '../../server/app.ts';
import { loadConfig } from '../../server/config/load.ts';
import { type Config, flagOf, type OptionName } from '../../server/config/options.ts';
import { SimulatedLog } from '../../server/log/simulated.ts';
import { gentle } from '../../server/log/simulated_options.ts';
import { type Encoding, subprotocolOf } from '../../server/protocol/encoding.ts';
import { Actor, laneOf, type Message } from './protocol_doc_actor.ts';
import { type Bindings, fillIn, fillInText, matches } from './protocol_doc_pattern.ts';
import type { Script, Step } from './protocol_doc_script.ts';
import { serve } from './serve.ts';
import type { TestServer } from './server.ts';

/** Engines an example can ask for with `engine=…`: the simulated log, which does as it is told. */
const ENGINES = {
  holes: { ...gentle, seed: 1, hole_probability: 1, duplicate_probability: 0 },
  refusing: { ...gentle, seed: 1, refusal_probability: 1 },
} as const;

/**
 * Carries out one example of the document against a server of its own.
 * @param encoding for the clients that name no subprotocol
 * @param observe is shown every message that an example line matched
 * @throws Error that names the line on which the server does something else
 */
export async function runScript(
  script: Script,
  encoding: Encoding,
  observe: (message: Message) => void = () => {},
): Promise<void> {
  await using server = serve(...setup(script.settings));
  const tokens = await tokensOf(script.settings.get('jwt_secret'));
  const play = new Play(server, encoding, observe, tokens);
  try {
    for (const step of script.steps) await play.perform(step);
    await play.expectNothingMore();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`line ${play.line}, ${encoding}: ${reason}`, { cause: error });
  }
}

/** @returns what the server is started with */
function setup(settings: Script['settings']): [Partial<Config>, ConnectLog | undefined] {
  const flags = [...settings]
    .filter(([name]) => name !== 'engine')
    .flatMap(([name, value]) => [flagOf(name as OptionName), value]);
  const engine = settings.get('engine');
  const faults = Object.entries(ENGINES).find(([name]) => name === engine)?.[1];
  if (engine !== undefined && faults === undefined) throw new Error(`no engine ${engine}`);
  const config = loadConfig(flags, {});
  if (config === undefined) throw new Error('no configuration');
  const changed = Object.fromEntries(
    Object.entries(config).filter(([name]) => settings.has(name)),
  ) as Partial<Config>;
  return [changed, faults && ((sink) => new SimulatedLog(sink, faults))];
}

/** What stands for tokens of an issuer in examples, signed now: they run out, the document does not. */
async function tokensOf(secret: string | undefined): Promise<Bindings> {
  if (secret === undefined) return new Map();
  const key = new TextEncoder().encode(secret);
  const sign = (name: string, lifetime_s: number, claims: object = {}): Promise<string> =>
    new SignJWT({ sub: name.toLowerCase(), name, ...claims })
      .setProtectedHeader({ alg: 'HS256' })
      .setExpirationTime(Math.ceil(Date.now() / 1_000) + lifetime_s)
      .sign(key);
  const rooms = { kitchen: ['join', 'publish', 'history'], 'market.*': ['join', 'publish'] };
  return new Map([
    ['token_of_ada', await sign('Ada', 3_600)],
    ['token_of_ben', await sign('Ben', 3_600)],
    ['short_token_of_ada', await sign('Ada', 2)],
    ['limited_token_of_ada', await sign('Ada', 3_600, { rooms })],
  ]);
}

/** The clients of one example and what is known of its placeholders so far. */
class Play {
  line = 0;
  readonly #server: TestServer;
  readonly #subprotocol: string;
  readonly #observe: (message: Message) => void;
  readonly #actors = new Map<string, Actor>();
  #bindings: Bindings;

  constructor(
    server: TestServer,
    encoding: Encoding,
    observe: (message: Message) => void,
    bindings: Bindings,
  ) {
    this.#bindings = bindings;
    this.#server = server;
    this.#subprotocol = subprotocolOf(encoding);
    this.#observe = observe;
  }

  async perform(step: Step): Promise<void> {
    this.line = step.line;
    switch (step.kind) {
      case 'opens':
        return this.#open(step.actor, step.target, step.subprotocol);
      case 'sends':
        return this.#send(this.#actor(step.actor), step.frame);
      case 'receives':
        return this.#expect(this.#actor(step.actor), step.pattern, step.text);
      case 'receives bytes':
        return expectBytes(this.#actor(step.actor), step.bytes);
      case 'is closed':
        return expectClose(this.#actor(step.actor), step.code);
      case 'closes':
        return this.#actor(step.actor).close();
      case 'is cut':
        return this.#actor(step.actor).cut();
      case 'the server stops':
        return this.#server.stop();
    }
  }

  /** Whoever is still there gets the answer to one more `ping` and nothing before it. */
  async expectNothingMore(): Promise<void> {
    for (const [name, actor] of this.#actors) {
      if (actor.isOpen) {
        actor.send([{ type: 'ping', id: 'the end' }]);
        await this.#expect(actor, { type: 'pong', id: 'the end' }, 'nothing more');
      }
      if (actor.unread.length > 0) {
        throw new Error(`${name} received more: ${JSON.stringify(actor.unread)}`);
      }
    }
  }

  #actor(name: string): Actor {
    const actor = this.#actors.get(name);
    if (actor === undefined) throw new Error(`${name} has not opened a connection`);
    return actor;
  }

  async #open(name: string, target: string, subprotocol = this.#subprotocol): Promise<void> {
    const url = new URL(fillInText(target, this.#bindings), this.#server.url);
    this.#actors.set(name, await Actor.open(url.href, subprotocol));
  }

  #send(actor: Actor, frame: readonly unknown[] | Uint8Array): void {
    if (frame instanceof Uint8Array) actor.sendBytes(frame);
    else actor.send(frame.map((one) => fillIn(one, this.#bindings)));
  }

  async #expect(actor: Actor, pattern: unknown, text: string): Promise<void> {
    const lane = laneOf((pattern as Partial<Message>).type);
    for (;;) {
      const { message } = await actor.next(lane);
      // A match that fails half-way must not leave placeholders bound.
      const bindings: Bindings = new Map(this.#bindings);
      if (matches(pattern, message, bindings)) {
        this.#bindings = bindings;
        this.#observe(message);
        return;
      }
      if (lane !== 'volatile events') {
        throw new Error(`expected ${text}, received ${JSON.stringify(message)}`);
      }
    }
  }
}

async function expectBytes(actor: Actor, bytes: Uint8Array): Promise<void> {
  const { frame } = await actor.next('replies and records');
  if (typeof frame === 'string' || !Buffer.from(bytes).equals(frame)) {
    throw new Error(`received ${typeof frame === 'string' ? frame : frame.toHex()}`);
  }
}

async function expectClose(actor: Actor, code: number): Promise<void> {
  const closed = await actor.closed();
  if (closed !== code) throw new Error(`closed with ${closed}`);
}

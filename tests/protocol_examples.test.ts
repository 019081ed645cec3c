import { describe, expect, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import type { Handler } from '../server/command/handler.ts';
import { OPTIONS, type OptionName } from '../server/config/options.ts';
import { CLOSES, ERRORS } from '../server/errors.ts';
import { newGuest } from '../server/identity/identity.ts';
import { ResumeTokens } from '../server/identity/resume_tokens.ts';
import { ENCODINGS, subprotocolOf } from '../server/protocol/encoding.ts';
import {
  codeOf,
  danglingAnchors,
  parseMarkdown,
  sectionNamed,
  tableOf,
} from './support/markdown.ts';
import {
  contradiction,
  documentedFields,
  documentedMessages,
  PROTOCOL,
  PROTOCOL_TEXT,
  shapeOf,
} from './support/protocol_doc.ts';
import { Actor, type Message } from './support/protocol_doc_actor.ts';
import { exchangeHead, handshake, PROVOCATIONS } from './support/protocol_doc_handshake.ts';
import { runScript } from './support/protocol_doc_runner.ts';
import { parseScript } from './support/protocol_doc_script.ts';
import { CLIENT_SHAPES, LIMITS_SHAPE, SERVER_SHAPES } from './support/protocol_doc_shapes.ts';
import { serve } from './support/serve.ts';

const fences = PROTOCOL.flatMap(({ title, fences }) => fences.map((fence) => ({ title, fence })));
const scripts = fences
  .filter(({ fence }) => fence.info.split(' ')[0] === 'exchange')
  .map(({ title, fence }) => ({ title, script: parseScript(fence) }));

/** Settings that the document speaks of, and how. */
const STATED = {
  session_ttl_ms: { value: 86_400_000, phrase: 'for a day after it was issued' },
  history_records_max: { value: 100, phrase: '100 messages a room' },
  idempotency_ids_max: { value: 10_000, phrase: 'newest 10,000 published ids' },
  presence_interval_ms: { value: 100, phrase: 'a moment (100 ms' },
  presence_names_max: { value: 100, phrase: 'more than 100 users' },
  pong_timeout_ms: { value: 10_000, phrase: '10 seconds later' },
  auth_timeout_ms: { value: 10_000, phrase: 'within 10 seconds' },
  token_refresh_window_ms: { value: 60_000, phrase: 'a minute ahead' },
  command_rate_limit: { value: 50, phrase: '50 a second after a burst of' },
  command_burst: { value: 200, phrase: 'a second after a burst of 200' },
  send_buffer_bytes_max: { value: 1_048_576, phrase: 'about 1 MiB waits' },
} as const satisfies Partial<Record<OptionName, { value: number; phrase: string }>>;

/** The types of all handlers there are, found where handlers live. */
async function handledTypes(): Promise<string[]> {
  const folder = new URL('../server/command/', import.meta.url);
  const modules = await Promise.all(
    readdirSync(folder)
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
      .map((file) => import(new URL(file, folder).pathname) as Promise<Record<string, unknown>>),
  );
  return modules
    .flatMap((module) => Object.values(module))
    .filter((one): one is Handler => typeof one === 'object' && one !== null && 'handle' in one)
    .map(({ type }) => type);
}

describe('the protocol document', () => {
  const seen: Message[] = [];

  for (const { title, script } of scripts) {
    for (const encoding of script.isBound ? ENCODINGS.slice(0, 1) : ENCODINGS) {
      const spoken = script.isBound ? 'the encoding it names' : encoding;
      test(`the example on line ${script.line} (${title}) is true in ${spoken}`, async () => {
        await runScript(script, encoding, (message) => seen.push(message));
      });
    }
  }

  test('its examples show every message of the server', () => {
    const shown = new Set<string>(seen.map(({ type }) => type));
    expect([...shown].sort()).toEqual(Object.keys(SERVER_SHAPES).sort());
  });

  test('its tables describe every message the examples received', () => {
    const documented = documentedMessages('←');
    for (const message of seen) {
      const tables = documented.filter(({ type }) => type === message.type);
      const objections = tables.map(({ fields }) => contradiction(message, fields));
      expect({ message, objections: objections.includes(undefined) ? [] : objections }).toEqual({
        message,
        objections: [],
      });
    }
  });

  test('its tables have the fields of the types in the code', () => {
    const fromClients = documentedMessages('→').map(({ type, fields }) => [type, shapeOf(fields)]);
    expect(fromClients.sort()).toEqual(Object.entries(CLIENT_SHAPES).sort());
    const fromServer = Object.keys(SERVER_SHAPES).map((type) => {
      const tables = documentedMessages('←').filter((one) => one.type === type);
      return [type, tables.map(({ fields }) => shapeOf(fields))];
    });
    expect(Object.fromEntries(fromServer)).toEqual(SERVER_SHAPES);
    const limits = documentedFields(tableOf(sectionNamed(PROTOCOL, 'Limits')));
    expect(shapeOf(limits)).toEqual(LIMITS_SHAPE);
  });

  test('it has every message of clients that the server handles', async () => {
    const documented = documentedMessages('→').map(({ type }) => type);
    expect(documented.sort()).toEqual((await handledTypes()).sort());
  });

  test('what it says of the standard settings holds', () => {
    const standard = Object.fromEntries(
      Object.keys(STATED).map((name) => [name, OPTIONS[name as keyof typeof STATED].default]),
    );
    const stated = Object.entries(STATED).map(([name, { value, phrase }]) => [
      name,
      PROTOCOL_TEXT.includes(phrase) ? value : `"${phrase}" is not in the document`,
    ]);
    expect(Object.fromEntries(stated)).toEqual(standard);
  });

  test('its links lead somewhere', () => {
    expect(danglingAnchors(PROTOCOL_TEXT)).toEqual([]);
  });

  test('its table of subprotocols is that of the code', () => {
    const { rows } = tableOf(sectionNamed(PROTOCOL, 'Subprotocols'));
    expect(rows.map(([name]) => codeOf(name))).toEqual(ENCODINGS.map(subprotocolOf));
  });

  test('its table of error codes is that of the code', () => {
    const { rows } = tableOf(sectionNamed(PROTOCOL, 'Error codes'));
    const documented = rows.map(([code, temporary]) => [codeOf(code), temporary]);
    const known = Object.entries(ERRORS).map(([code, { temporary }]) => [
      code,
      temporary ? 'yes' : 'no',
    ]);
    expect(documented).toEqual(known);
  });

  test('its table of close codes is that of the code', () => {
    const { rows } = tableOf(sectionNamed(PROTOCOL, 'Close codes'));
    const documented = rows.map(([code, advice]) => [Number(code), advice]);
    expect(documented).toEqual(Object.values(CLOSES).map(({ code, advice }) => [code, advice]));
  });
});

describe('the handshake', () => {
  const [http] = fences.filter(({ fence }) => fence.info === 'http');

  test('is answered as the document shows', async () => {
    const lines = http?.fence.content ?? [];
    const middle = lines.indexOf('');
    await using server = serve();
    const answer = await exchangeHead(server.port, lines.slice(0, middle));
    const [status, ...headers] = lines.slice(middle + 1);
    expect(answer.statusLine).toBe(status ?? '');
    for (const header of headers) {
      const [name = '', value = ''] = header.split(': ');
      expect([name, answer.headers.get(name)]).toEqual([name, value]);
    }
  });

  const { rows } = tableOf(sectionNamed(PROTOCOL, 'Handshake statuses'));

  test('has the statuses the document lists', () => {
    const provoked = PROVOCATIONS.map(({ status }) => String(status));
    expect(rows.map(([status]) => status)).toEqual([...new Set(provoked)]);
  });

  for (const { status, why, options, target, headers } of PROVOCATIONS) {
    test(`answers ${status} to ${why}`, async () => {
      await using server = serve(options);
      // Some of the limits leave room for this one and no other.
      await Actor.open(server.url, subprotocolOf('json'));
      const answer = await exchangeHead(server.port, handshake(target, headers));
      expect(answer.statusLine).toStartWith(`HTTP/1.1 ${status} `);
      const documented = rows.find(([code]) => code === String(status))?.join() ?? '';
      const isTold = Number(answer.headers.get('retry-after')) > 0;
      expect(isTold).toBe(documented.includes('Retry-After'));
    });
  }
});

test('an expired token is 401 in the handshake, and token_expired with 4401 in auth', async () => {
  const session_secret = 'a secret that is long enough for anybody';
  const yesterday_ms = Date.now() - 86_400_000;
  const tokens = new ResumeTokens(session_secret, 1_000, () => yesterday_ms);
  const token = tokens.issue(newGuest('Ada', yesterday_ms));
  await using server = serve({ session_secret });

  const answer = await exchangeHead(server.port, handshake(`/ws?token=${token}`));
  expect(answer.statusLine).toBe('HTTP/1.1 401 Unauthorized');

  const client = await Actor.open(server.url, subprotocolOf('json'));
  await client.next('replies and records');
  client.send([{ type: 'auth', token }]);
  const { message } = await client.next('replies and records');
  expect(message).toMatchObject({ type: 'error', code: 'token_expired', temporary: false });
  expect(await client.closed()).toBe(4401);
});

describe('every field the document gives a client message', () => {
  for (const { type, fields } of documentedMessages('→')) {
    test(`${type}: has the type and the presence it is said to have`, async () => {
      await using server = serve({ command_rate_limit: 0, rate_limit: 0 });
      const client = await Actor.open(`${server.url}?room=kitchen`, subprotocolOf('json'));
      await client.next('replies and records');
      await client.next('replies and records');
      const refusalOf = async (message: Record<string, unknown>): Promise<unknown> => {
        client.send([message]);
        client.send([{ type: 'ping', id: 'barrier' }]);
        const { message: answer } = await client.next('replies and records');
        if (answer.type !== 'pong') await client.next('replies and records');
        return answer.type === 'error' ? [answer.code, answer.message] : answer.type;
      };
      // A boolean is the wrong type for every field a client sends.
      for (const name of fields.keys()) {
        const wrong = { ...sample(type), type, room: 'kitchen', [name]: true };
        expect(await refusalOf(wrong)).toEqual(['invalid_field', expect.stringContaining(name)]);
      }
      for (const [name, { presence }] of fields) {
        if (presence === 'optional') continue;
        const { [name]: _, ...without } = sample(type);
        expect(await refusalOf({ type, room: 'kitchen', ...without })).toEqual([
          'invalid_field',
          expect.stringContaining(name),
        ]);
      }
    });
  }

  /** The required fields of a message with values that are in order. */
  function sample(type: string): Readonly<Record<string, string>> {
    if (type === 'message' || type === 'chat') return { text: 'hello' };
    if (type === 'typing') return { status: 'started' };
    return type === 'auth' ? { token: 'made up' } : {};
  }
});

describe('an example', () => {
  const run = (...lines: string[]): Promise<void> => {
    const [section] = parseMarkdown(['# a', '```exchange', ...lines, '```'].join('\n'));
    const [fence] = section?.fences ?? [];
    if (fence === undefined) throw new Error('no example');
    return runScript(parseScript(fence), 'json');
  };
  const welcomed = ['ada opens /ws?name=Ada', 'ada ← {"type":"welcome","user_id":"<ada>",…}'];

  test('fails on another value, another field, a missing field', async () => {
    await expect(run('ada opens /ws', 'ada ← {"type":"pong"}')).rejects.toThrow('line 4');
    const ping = [...welcomed, 'ada → {"type":"ping","id":"p"}'];
    await expect(run(...ping, 'ada ← {"type":"pong"}')).rejects.toThrow('expected');
    await expect(run(...ping, 'ada ← {"type":"pong","id":"q"}')).rejects.toThrow('expected');
    await expect(run(...ping, 'ada ← {"type":"pong","id":"p","x":1}')).rejects.toThrow('expected');
    await run(...ping, 'ada ← {"type":"pong","id":"p"}');
  });

  test('fails when a name stands for two things', async () => {
    const again = ['ben opens /ws?name=Ben', 'ben ← {"type":"welcome","user_id":"<ada>",…}'];
    await expect(run(...welcomed, ...again)).rejects.toThrow('expected');
  });

  test('fails when more comes than it shows', async () => {
    await expect(run(...welcomed, 'ada → {"type":"ping"}')).rejects.toThrow('nothing more');
    const join = [...welcomed, 'ada → {"type":"join"}', 'ada ← {"type":"joined",…}'];
    const publish = [...join, 'ada → {"type":"message","text":"a","id":"m"}'];
    await expect(run(...publish, 'ada ← {"type":"message",…}')).rejects.toThrow('received more');
  });

  test('fails on another close code, and on lines it cannot read', async () => {
    const end = [...welcomed, 'ada → {"type":"auth","token":"x"}', 'ada ← {"type":"error",…}'];
    await expect(run(...end, 'ada is closed with 4401')).rejects.toThrow('closed with 4501');
    expect(() => run('ada waits')).toThrow('line 3');
  });
});

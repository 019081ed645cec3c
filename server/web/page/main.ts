import { Chat } from './chat.ts';
import { nameFlaw, tidyName } from './model/names.ts';
import { keep, keepRooms, recall, recallRooms } from './storage.ts';
import { askName } from './view/entrance.ts';
import { PageView } from './view/page.ts';
import { startTheme } from './view/theme.ts';

/** Who enters: as before with a resume token, as a guest without one or when it is refused. */
interface Person {
  readonly name: string | undefined;
  readonly session?: string;
}

/** The room the address names. */
function linkedRoom(): string | undefined {
  const name = tidyName(new URLSearchParams(location.search).get('room') ?? '');
  return name === '' ? undefined : name;
}

/** A window that is reloaded, or a name kept from last time, goes straight in. */
async function whoEnters(): Promise<Person> {
  const name = recall('name') ?? '';
  const session = recall('session');
  if (session !== undefined) return { name: recall('session_name'), session };
  if (nameFlaw(name) === undefined && (await isFree(name))) return { name };
  const isTaken = name !== '' && { invitation: `${name} is in another window. Who is here?` };
  const wanted = await askName({ name: '', ...isTaken });
  return { name: wanted || undefined };
}

function start(linked: string | undefined, { name, session }: Person): void {
  const url = new URL('/ws', location.href).href;
  const chat = new Chat(
    { url, name, session },
    {
      changed: () => {
        page.changed();
        keepRooms(chat.rooms.keys());
      },
      refused: (message) => page.notice(message),
      welcomed: () => welcomed(chat),
    },
  );
  // The newest resume token may have come unasked.
  const keepSession = (): void => keep('session', chat.session);
  addEventListener('pagehide', keepSession);
  const page = new PageView(chat, (name) => {
    removeEventListener('pagehide', keepSession);
    enterAs(name);
  });
  for (const room of recallRooms()) if (nameFlaw(room, Infinity) === undefined) chat.open(room);
  if (linked !== undefined) chat.open(linked);
  page.show();
  chat.connect();
}

function welcomed(chat: Chat): void {
  keep('name', chat.username);
  keep('session', chat.session);
  keep('session_name', chat.username);
  holdName(chat.username ?? '');
  if (chat.rooms.size === 0 && chat.default_room !== undefined) chat.open(chat.default_room);
}

/** A guest's name is for as long as the guest: another name is another guest. */
function enterAs(name: string): void {
  keep('name', name === '' ? undefined : name);
  keep('session', undefined);
  location.reload();
}

const lockOf = (name: string): string => `hubbub.name.${name}`;

/** Windows of one browser tell each other which names they use, where the browser lets them. */
async function isFree(name: string): Promise<boolean> {
  const held = (await navigator.locks?.query())?.held ?? [];
  return held.every((lock) => lock.name !== lockOf(name));
}

let heldName: string | undefined;

/** Holds the name until the window is closed. */
function holdName(name: string): void {
  if (name === heldName) return;
  heldName = name;
  const untilClosed = new Promise<never>(() => undefined);
  navigator.locks?.request(lockOf(name), { mode: 'shared' }, () => untilClosed);
}

startTheme();
start(linkedRoom(), await whoEnters());

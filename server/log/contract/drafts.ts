import type { Draft } from '../../protocol/messages.ts';

export const ROOM = 'lobby';

export const say = (text: string, from_id = 'ann'): Draft => ({
  from: `name of ${from_id}`,
  from_id,
  text,
});

export const sayOnce = (
  id: string,
  text: string,
  from_id = 'ann',
): Draft & { readonly id: string } => ({ ...say(text, from_id), id });

import { expect, test } from 'bun:test';
import { centrifugo } from './centrifugo.ts';

const room = 'r';

test('a client is ready once its connect command has been answered', () => {
  const conversation = centrifugo.converse();
  expect(conversation.greeting).toEqual(['{"id":1,"connect":{}}']);
  expect(conversation.isReady).toBe(false);
  const frame =
    '{"id":1,"connect":{"client":"f862a600","version":"6.9.1 OSS","ping":25,"pong":true}}';
  expect(conversation.decode(frame)).toEqual({ said: [] });
  expect(conversation.isReady).toBe(true);
});

test('replies are told from one another by their id, and pushes are messages', () => {
  const conversation = centrifugo.converse();
  expect(conversation.encode({ type: 'join', room })).toBe('{"id":2,"subscribe":{"channel":"r"}}');
  expect(conversation.encode({ type: 'chat', room, text: 'hi' })).toBe(
    '{"id":3,"publish":{"channel":"r","data":{"text":"hi"}}}',
  );
  conversation.encode({ type: 'ping', id: 'p1' });
  conversation.encode({ type: 'leave', room });
  conversation.encode({ type: 'chat', room, text: 'from outside' });
  const frame = [
    '{"id":2,"subscribe":{}}',
    '{"push":{"channel":"r","pub":{"data":{"text":"hi"},"info":{"user":"","client":"f862a600"}}}}',
    '{"id":3,"publish":{}}',
    '{"id":4,"unsubscribe":{}}',
    '{"id":5,"unsubscribe":{}}',
    '{"id":6,"error":{"code":103,"message":"permission denied"}}',
  ].join('\n');
  expect(conversation.decode(frame)).toEqual({
    said: [
      { type: 'joined', room },
      { type: 'message', room, text: 'hi' },
      { type: 'pong', id: 'p1' },
      { type: 'left', room },
      { type: 'error', code: 'not_joined' },
    ],
  });
});

test('a keepalive is answered, wherever in a frame it stands', () => {
  const conversation = centrifugo.converse();
  expect(conversation.decode('{}')).toEqual({ said: [], pong: '{}' });
  expect(conversation.decode('{"id":9,"publish":{}}\n{}').pong).toBe('{}');
});

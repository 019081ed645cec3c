import { expect, test } from 'bun:test';
import { Emitter } from '../emitter.ts';

interface Events {
  tick: number;
}

test('listeners run in their order, until they are taken off', () => {
  const emitter = new Emitter<Events>();
  const heard: string[] = [];
  const off = emitter.on('tick', (n) => heard.push(`a${n}`));
  emitter.on('tick', (n) => {
    heard.push(`b${n}`);
    if (n === 1) off();
    if (n === 1) emitter.on('tick', (later) => heard.push(`c${later}`));
  });
  emitter.emit('tick', 1);
  emitter.emit('tick', 2);
  expect(heard).toEqual(['a1', 'b1', 'b2', 'c2']);
});

test('a listener that throws keeps nobody else from hearing, and is reported', async () => {
  const script = `
    import { Emitter } from '${new URL('../emitter.ts', import.meta.url).pathname}';
    process.on('uncaughtException', (error) => console.log('reported', error.message));
    const emitter = new Emitter();
    emitter.on('tick', () => { throw new Error('mine'); });
    emitter.on('tick', () => console.log('heard'));
    emitter.emit('tick', 1);
  `;
  const child = Bun.spawn([process.execPath, '-e', script], { stdout: 'pipe' });
  expect(await new Response(child.stdout).text()).toBe('heard\nreported mine\n');
  expect(await child.exited).toBe(0);
});

import { expect, test } from 'bun:test';
import { homedir, hostname, userInfo } from 'node:os';
import { Check } from 'typebox/value';
import { DOCUMENT } from './document.ts';
import { describeMachine, machineLine } from './machine.ts';

const machine = describeMachine();

test('a machine is described as the published schema has it', () => {
  expect(Check(DOCUMENT.properties.machine, machine)).toBe(true);
  expect(machine.cpus).toBeGreaterThan(0);
  expect(machine.kernel).toStartWith('Linux ');
});

test('versions are those that the programs name', () => {
  const toolchains = machine.toolchains ?? {};
  const node = Bun.which('node');
  expect('Node.js' in toolchains).toBe(node !== null);
  if (node !== null) {
    const said = Bun.spawnSync([node, '--version']).stdout.toString().trim();
    expect(said).toBe(`v${toolchains['Node.js']}`);
  }
  for (const version of Object.values(toolchains)) expect(version).toMatch(/^\d+\.\d+/);
});

test('neither the machine nor anybody on it is named', () => {
  const words = `${JSON.stringify(machine)}${machineLine(machine)}`.split(/[^\w./-]+/);
  for (const name of [hostname(), userInfo().username, homedir()])
    expect(words).not.toContain(name);
});

test('a line for people has what is known and leaves out what is not', () => {
  const plain = { cpu: 'Fast One', cpus: 8, memory_bytes: 16 * 2 ** 30, kernel: 'Linux 6.1' };
  const least = { ...plain, bun: '1.4.5', load_average: 0.123, pinning: 'none' };
  expect(machineLine(least)).toBe(
    '8 × Fast One, 16 GiB, Linux 6.1, Bun 1.4.5, pinning: none, load average 0.12\n',
  );
  const most = {
    smt: true,
    virtualised: true,
    governor: 'powersave',
    toolchains: { Go: '1.26.1' },
  };
  expect(machineLine({ ...least, ...most })).toBe(
    '8 × Fast One (SMT, virtual, powersave), 16 GiB, Linux 6.1, Bun 1.4.5, Go 1.26.1, ' +
      'pinning: none, load average 0.12\n',
  );
});

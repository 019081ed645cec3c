import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import packageJson from '../../package.json';
import { pinnedBunVersion, root } from './project.ts';

test('every mention of a Bun version is the pinned one', () => {
  const pinned = pinnedBunVersion(root);
  const files = ['*.md', 'docs/**/*.md', '.ci/run'].flatMap((pattern) => [
    ...new Bun.Glob(pattern).scanSync({ cwd: root, dot: true }),
  ]);
  expect(files).toContain('.ci/run');
  const others = files.flatMap((file) => {
    const mentions = readFileSync(join(root, file), 'utf8').match(/\bbun@\d[\w.-]*/g) ?? [];
    return mentions.filter((mention) => mention !== `bun@${pinned}`).map((it) => `${file}: ${it}`);
  });
  expect(others).toEqual([]);
  expect(packageJson.devDependencies['bun-types']).toBe(pinned);
});

test('the tests run on the pinned Bun', () => {
  expect(Bun.version).toBe(pinnedBunVersion(root));
});

test('the lockfile names no registry, so that any mirror can serve it', () => {
  expect(readFileSync(join(root, 'bun.lock'), 'utf8')).not.toMatch(/https?:\/\//);
});

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
// @ts-expect-error: a script in JavaScript, which runs before anything is built
import { brokenPaths, refusals } from './tracked-files.mjs';

let root: string;
const git = (...args: string[]) => execFileSync('git', args, { cwd: root });
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'postern-tracked-'));
  git('init', '--quiet');
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

it('a tracked file that is binary or over 600 kB is refused; the lock file, small pictures of the documentation and what Git does not track are not', () => {
  const write = (name: string, content: string | Buffer) => writeFileSync(join(root, name), content);
  write('text.md', 'a'.repeat(600_000));
  write('package-lock.json', 'a'.repeat(600_001));
  write('large.md', 'a'.repeat(600_001));
  write('small.jar', Buffer.from([0x50, 0x4b, 0, 1]));
  mkdirSync(join(root, 'docs/screenshots'), { recursive: true });
  write('docs/screenshots/small.png', Buffer.alloc(150_000));
  write('docs/screenshots/large.png', Buffer.alloc(150_001));
  write('other.png', Buffer.alloc(1));
  git('add', '--all');
  write('untracked.jar', Buffer.alloc(700_000));
  expect(refusals(root)).toEqual([
    'docs/screenshots/large.png has 150001 bytes; it may have 150000 at most.',
    'large.md has 600001 bytes; it may have 600000 at most.',
    'other.png is binary.',
    'small.jar is binary.',
  ]);
});

it('a file that the architecture page names must be tracked', () => {
  mkdirSync(join(root, 'libs'));
  writeFileSync(join(root, 'libs/kept.ts'), '');
  writeFileSync(join(root, 'docs/architecture.md'), '`libs/kept.ts`, `libs/moved.ts`, `npm start`, and `libs`');
  git('add', '--all', 'libs', 'docs');
  expect(brokenPaths(root)).toEqual([
    'docs/architecture.md names libs/moved.ts, which does not exist. Name the file that has its code now.',
  ]);
});

import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { reasonsAgainst } from './releasable.js';

let root: string;
const git = (...args: readonly string[]) =>
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.org', ...args], { cwd: root });
const write = (file: string, content: string) => writeFile(join(root, file), content);

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'postern-release-'));
  git('init', '--quiet');
  await write('package.json', '{ "version": "1.2.0" }');
  await write('CHANGELOG.md', '# Changelog\n\n## [Unreleased]\n\n## [1.2.0] - 2026-12-01\n');
  git('add', '.');
  git('commit', '--quiet', '--message', 'first');
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe('a clone', () => {
  it('is released where version, changelog and commits agree', () => {
    expect(reasonsAgainst(root, '1.2.0')).toEqual([]);
  });

  it('is not released as another version, nor as one that the changelog does not have', () => {
    expect(reasonsAgainst(root, '1.3.0')).toEqual([
      'package.json has version 1.2.0: run npm version --no-git-tag-version 1.3.0, and commit.',
      'CHANGELOG.md has no section "## [1.3.0] - <date>": name the entries of [Unreleased] so, and commit.',
    ]);
    expect(reasonsAgainst(root, 'v1.2.0')).toEqual(['A version is three numbers, such as 1.2.0 (it is "v1.2.0").']);
    expect(reasonsAgainst(root, '')).toEqual(['A version is three numbers, such as 1.2.0 (it is "").']);
  });

  it('is not released with what is not committed', async () => {
    await write('new', '');
    expect(reasonsAgainst(root, '1.2.0')).toEqual([
      'The clone has what is not committed. Commit it or take it away:\n?? new',
    ]);
  });

  it('is not released twice', () => {
    git('tag', 'v1.2.0');
    expect(reasonsAgainst(root, '1.2.0')).toEqual(['The tag v1.2.0 exists: take another version.']);
  });
});

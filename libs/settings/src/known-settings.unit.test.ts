import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { KNOWN_SETTINGS } from './unknown-settings.js';

/** All but tests, documents and the list itself. */
const NO_SOURCE = /(\.test\.ts|\.md|\.json|\/unknown-settings\.ts)$/;
const NAME = /\bPOSTERN_[A-Z0-9_]+/g;
/** A complete string, `env.NAME`, `${NAME…` of a shell or of Compose, and `{ NAME: local } = env`. */
const READS = [
  /(?<=(['"]))POSTERN_[A-Z0-9_]+(?=\1)/g,
  /(?<=\benv\.)POSTERN_[A-Z0-9_]+/g,
  /(?<=\$\{)POSTERN_[A-Z0-9_]+/g,
];
const DESTRUCTURED = /\{[^{}]*\} = env\b/g;

function settingsRead(): Set<string> {
  const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { encoding: 'utf8' }).split('\n');
  const sources = files.filter((file) => file && !NO_SOURCE.test(file) && existsSync(file));
  const names = sources.flatMap((file) => {
    const text = readFileSync(file, 'utf8');
    const destructured = text.match(DESTRUCTURED)?.flatMap((block) => block.match(NAME) ?? []) ?? [];
    return [...READS.flatMap((read) => text.match(read) ?? []), ...destructured];
  });
  // Those of the tests' own set-up.
  return new Set(names.filter((name) => !name.startsWith('POSTERN_TEST_')));
}

describe('the known settings', () => {
  it('are those that the code, the examples and the Compose file read: none is missing, and none is read by nobody', () => {
    expect([...settingsRead()].toSorted()).toEqual(KNOWN_SETTINGS.toSorted());
  });
});

import { existsSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';
import type { Describe } from './describe-with-kafka.js';

/** Programs that a test runs, and for each the Debian package that has it. */
export type Programs = Readonly<Record<string, string>>;

/** Debian keeps servers out of the path of users. */
const FOLDERS = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/usr/lib/dovecot'];

/** The file of the program, which may be named with its path; undefined where this machine has none. */
export function findProgram(name: string): string | undefined {
  return FOLDERS.map((folder) => resolve(folder, name)).find((file) => existsSync(file));
}

/** The program's file. Throws with the Debian package that has it. */
export function programFile(name: string, debianPackage = name): string {
  const file = findProgram(name);
  if (file === undefined) throw new Error(`There is no ${name} on this machine (Debian: ${debianPackage}).`);
  return file;
}

/** What this machine lacks to run the programs, as a sentence; null: nothing. */
export function missingPrograms(programs: Programs, asRoot = false): string | null {
  const missing = Object.entries(programs).filter(([name]) => findProgram(name) === undefined);
  const needs = missing.map(([name, debianPackage]) => `${name} (Debian: ${debianPackage})`);
  if (asRoot && process.getuid?.() !== 0) needs.push('root, since the server changes to users of its own');
  return needs.length === 0 ? null : `It needs ${needs.join(', ')}.`;
}

/** jest's `describe`, for tests that run these programs. Where one is missing they are skipped, and say so; in CI that is a failure. */
export function describeWithPrograms(
  describe: Describe,
  name: string,
  programs: Programs,
  tests: () => void,
  asRoot = false,
): void {
  const missing = missingPrograms(programs, asRoot);
  if (missing === null) return describe(name, tests);
  process.stderr.write(`NOT RUN: "${name}". ${missing}\n`);
  return describe.skip(name, tests);
}

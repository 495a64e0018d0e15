import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Describe } from './describe-with-kafka.js';

/**
 * jest's `describe` for tests that run a Python program with the packages of its `requirements.txt`, from the `.venv` in its folder.
 * Without it they are skipped, and say how to create it; in CI that is a failure.
 */
export function describeWithPython(
  describe: Describe,
  name: string,
  folder: string,
  tests: (python: string) => void,
): void {
  const python = join(folder, '.venv', 'bin', 'python');
  if (existsSync(python)) return describe(name, () => tests(python));
  process.stderr.write(
    `NOT RUN: "${name}". It needs Python 3.11 (Debian: python3-venv) and its packages: cd ${folder} && python3 -m venv .venv && .venv/bin/pip install -r requirements.txt\n`,
  );
  return describe.skip(name, () => tests(python));
}

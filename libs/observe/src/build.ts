import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gauge } from './metrics.js';

/** Which program this is. */
export interface Build {
  /** That of package.json. */
  readonly version: string;
  /** The first 12 hex digits of Git's commit, or `unknown` where it was built outside of a clone. */
  readonly commit: string;
}

/** From the sources under jest, or from `dist`. */
const ROOT = import.meta.dirname.replace(/([\\/]dist)?[\\/]libs[\\/]observe[\\/]src$/, '');

/** The commit is that of `POSTERN_COMMIT` (the image sets it), else the one that the build noted in `dist/commit`. */
export const BUILD: Build = {
  version: (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version,
  commit: commitOf(process.env['POSTERN_COMMIT'] ?? '') ?? commitOf(notedCommit()) ?? 'unknown',
};

gauge('postern_build_info', 'Always 1; the labels say which program this is.', ['version', 'commit']).set(
  { ...BUILD },
  1,
);

function notedCommit(): string {
  try {
    return readFileSync(join(ROOT, 'dist', 'commit'), 'utf8');
  } catch {
    return '';
  }
}

function commitOf(text: string): string | null {
  return /^[0-9a-f]{7,64}/.exec(text)?.[0].slice(0, 12) ?? null;
}

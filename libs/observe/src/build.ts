import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gauge } from './metrics.js';

export interface Build {
  readonly version: string;
  /** 12 hex digits; `unknown` if it was built outside a clone. */
  readonly commit: string;
}

/** From the sources under jest, or from `dist`. */
const ROOT = import.meta.dirname.replace(/([\\/]dist)?[\\/]libs[\\/]observe[\\/]src$/, '');

/** `POSTERN_COMMIT` is set by the image. */
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

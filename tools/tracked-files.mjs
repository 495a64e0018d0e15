// `npm run lint:files`: refuses tracked files that are binary or large, since Git keeps them for ever and every clone pays for them, but for
// small pictures in docs/screenshots;
// and paths in docs/architecture.md that do not exist.
import { execFileSync } from 'node:child_process';
import { lstatSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const LARGEST_BYTES = 600_000;
/** It grows with the dependencies, and `npm ci` needs it. */
const MAY_BE_LARGE = new Set(['package-lock.json']);
const PICTURE = /^docs\/screenshots\/[^/]+\.png$/;
const LARGEST_PICTURE_BYTES = 150_000;

/** Why files of the index of the repository at `root` are refused, a line each; empty where none is. */
export function refusals(root) {
  const names = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8', maxBuffer: 64_000_000 });
  return names.split('\0').flatMap((name) => {
    const file = name === '' ? null : lstatSync(join(root, name), { throwIfNoEntry: false });
    if (!file?.isFile()) return [];
    const most = PICTURE.test(name) ? LARGEST_PICTURE_BYTES : MAY_BE_LARGE.has(name) ? Infinity : LARGEST_BYTES;
    if (file.size > most) return [`${name} has ${file.size} bytes; it may have ${most} at most.`];
    if (PICTURE.test(name)) return [];
    // As Git itself decides what is text.
    return readFileSync(join(root, name)).includes(0) ? [`${name} is binary.`] : [];
  });
}

/** The files that docs/architecture.md names and Git does not track, a line each. */
export function brokenPaths(root) {
  const named = [
    ...readFileSync(join(root, 'docs/architecture.md'), 'utf8').matchAll(/`((?:apps|libs|docs|deploy)\/[^`]+)`/g),
  ];
  const tracked = (path) => execFileSync('git', ['ls-files', path], { cwd: root, encoding: 'utf8' }) !== '';
  const missing = new Set(named.map(([, path]) => path).filter((path) => !tracked(path)));
  return [...missing].map(
    (path) => `docs/architecture.md names ${path}, which does not exist. Name the file that has its code now.`,
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = dirname(import.meta.dirname);
  const refused = refusals(root);
  if (refused.length > 0)
    refused.push('Take them out of the index (git rm --cached <file>) and add them to .gitignore.');
  const found = [...refused, ...brokenPaths(root)];
  for (const line of found) console.error(line);
  if (found.length > 0) process.exitCode = 1;
}

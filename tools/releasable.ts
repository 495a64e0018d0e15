import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Why the clone at `root` cannot be released as `version`: a line each, with what to do. Empty if it can. */
export function reasonsAgainst(root: string, version: string): string[] {
  if (!/^\d+\.\d+\.\d+$/.test(version))
    return [`A version is three numbers, such as 1.2.0 (it is ${JSON.stringify(version)}).`];
  const git = (...args: readonly string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
  const read = (file: string) => readFileSync(join(root, file), 'utf8');
  const manifest = JSON.parse(read('package.json')) as { version: string };
  const changed = git('status', '--porcelain');
  return [
    ...(manifest.version === version
      ? []
      : [`package.json has version ${manifest.version}: run npm version --no-git-tag-version ${version}, and commit.`]),
    ...(read('CHANGELOG.md').includes(`\n## [${version}] - `)
      ? []
      : [`CHANGELOG.md has no section "## [${version}] - <date>": name the entries of [Unreleased] so, and commit.`]),
    ...(changed === '' ? [] : [`The clone has what is not committed. Commit it or take it away:\n${changed}`]),
    ...(git('tag', '--list', `v${version}`) === '' ? [] : [`The tag v${version} exists: take another version.`]),
  ];
}

/** `npm run release -- <version>`: makes the packages and the image of a release, and publishes nothing. docs/releasing.md has the rest. */
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { reasonsAgainst } from './releasable.js';

const ROOT = join(import.meta.dirname, '..', '..');
const version = process.argv[2] ?? '';
const reasons = reasonsAgainst(ROOT, version);
if (reasons.length > 0) {
  for (const reason of reasons) console.error(reason);
  process.exit(1);
}
const folder = join('packages', version);
execFileSync(process.execPath, [join(import.meta.dirname, 'pack.js'), folder], { cwd: ROOT, stdio: 'inherit' });

const commit = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: ROOT, encoding: 'utf8' }).trim();
const image = `postern:${version}`;
const docker = ['build', '--tag', image, '--build-arg', `POSTERN_COMMIT=${commit}`, '.'];
if (spawnSync('docker', docker, { cwd: ROOT, stdio: 'inherit' }).status !== 0) {
  console.error(
    `The packages are built, but the image is not. On a machine with Docker, run:\n  docker ${docker.join(' ')}`,
  );
  process.exitCode = 1;
}

console.log(`
Nothing is published yet. Try the packages in ${folder}, then:
  git tag --annotate v${version} --message "Postern ${version}" && git push origin v${version}
  for package in ${folder}/postern-relay-client-*.tgz ${folder}/haraka-plugin-*.tgz ${folder}/postern-[0-9]*.tgz; do npm publish "$package"; done
  docker tag ${image} <registry>/${image} && docker push <registry>/${image}`);

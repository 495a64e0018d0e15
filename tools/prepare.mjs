// What every `npm run …` does first, with nothing but Node 20: installs from the lock file and builds, where that is due.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..');
/** The Node that package.json pins; whatever is installed only starts it. */
export const node = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');

const SOURCES = ['apps', 'bench', 'examples', 'libs', 'tools', 'nest-cli.json', '.swcrc', 'package.json'];
const BUILT = join(root, 'dist', '.built');

export function prepare() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 11)) {
    fail(`Postern needs Node 20.11 or newer to start; this is ${process.version}.`);
  }
  installIfDue();
  buildIfDue();
}

function installIfDue() {
  const installed = join(root, 'node_modules', '.package-lock.json');
  if (existsSync(installed) && existsSync(node) && modified(installed) >= modified(join(root, 'package-lock.json')))
    return;
  console.error('Installing what package-lock.json names …');
  run(
    npm(),
    ['ci', '--no-audit', '--no-fund', '--loglevel=error'],
    'The installation failed: see above. Is the npm registry reachable?',
  );
}

function buildIfDue() {
  if (existsSync(BUILT) && newest(SOURCES.map((source) => join(root, source))) < modified(BUILT)) return;
  console.error('Building …');
  const started = new Date();
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  run(node, [join(root, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js'), 'build'], 'The build failed: see above.');
  writeFileSync(BUILT, `${started.toISOString()}\n`);
}

function run(command, args, complaint) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (error || status !== 0) fail(complaint);
}

function npm() {
  return process.platform === 'win32' ? 'npm.cmd' : 'npm';
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

function modified(path) {
  return existsSync(path) ? statSync(path).mtimeMs : 0;
}

function newest(paths) {
  let latest = 0;
  for (const path of paths) {
    latest = Math.max(latest, modified(path));
    if (existsSync(path) && statSync(path).isDirectory()) {
      latest = Math.max(latest, newest(readdirSync(path).map((name) => join(path, name))));
    }
  }
  return latest;
}

// What `npm run build` does, and every `npm run …` first, with nothing but Node 20: installs from the lock file and builds, where that is due.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runLocked } from './lock.mjs';

// Not import.meta.dirname: an older Node has none, and must get the message that it is too old.
const SELF = fileURLToPath(import.meta.url);
export const root = dirname(dirname(SELF));
/** The Node that package.json pins; whatever is installed only starts it. */
export const node = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');

/** What the build reads: these, and the sources below the folders. */
const SOURCES = ['nest-cli.json', '.swcrc', 'package.json', 'apps', 'bench', 'examples', 'libs', 'tools'];
/** The dashboard's part: its build takes longest, so it is kept if nothing of it has changed. */
const SOURCES_OF_DASHBOARD = [
  'package.json',
  'apps/dashboard',
  'libs/contracts',
  'libs/ip-ranges',
  'libs/restrictions',
];

const DIST = join(root, 'dist');
/** Hold the fingerprints of what was built. */
const BUILT = '.built';
const BUILT_DASHBOARD = '.built-dashboard';
const LOCK = join(root, '.preparing');
const LOCKED = '--locked';
const WAIT_MINUTES = 10;

export function prepare() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 11)) {
    fail(`Postern needs Node 20.11 or newer to start; this is ${process.version}.`);
  }
  if (!isInstallDue() && !isBuildDue()) return;
  const waiting = () => console.error('Waiting for another npm command that installs or builds …');
  const ended = runLocked(LOCK, [SELF, LOCKED], { limitSeconds: WAIT_MINUTES * 60, waiting });
  if (ended === 'busy')
    fail(
      `Another npm command has installed or built for ${WAIT_MINUTES} minutes (its lock: ${LOCK}). End it if it hangs.`,
    );
  if (ended !== 0) process.exit(1);
}

if (process.argv[1] === SELF) {
  if (process.argv[2] === LOCKED) prepareLocked();
  else prepare();
}

/** Asks again what is due: the one that was waited for may have done it. */
function prepareLocked() {
  try {
    if (isInstallDue()) install();
    if (isBuildDue()) build();
  } catch (error) {
    fail(error.message);
  }
}

function isInstallDue() {
  const installed = join(root, 'node_modules', '.package-lock.json');
  return !existsSync(installed) || !existsSync(node) || modified(installed) < modified(join(root, 'package-lock.json'));
}

function install() {
  console.error('Installing what package-lock.json names …');
  run(
    npm(),
    ['ci', '--no-audit', '--no-fund', '--loglevel=error'],
    'The installation failed: see above. Is the npm registry reachable?',
  );
}

function isBuildDue() {
  return hasChanged(BUILT, SOURCES);
}

/** Since what is in `dist` was built. */
function hasChanged(built, sources) {
  const file = join(DIST, built);
  return !existsSync(file) || readFileSync(file, 'utf8') !== fingerprint(sources);
}

/** Built next to `dist`, which is then replaced: a running command finds the files that it loads late. */
function build() {
  console.error('Building …');
  const making = `${DIST}.making`;
  const old = `${DIST}.old`;
  for (const folder of [making, old]) rmSync(folder, { recursive: true, force: true });
  mkdirSync(making);
  // Taken before: what is changed meanwhile is built the next time.
  writeFileSync(join(making, BUILT), fingerprint(SOURCES));
  noteCommit(join(making, 'commit'));
  const settings = readFileSync(join(root, 'nest-cli.json'), 'utf8');
  writeFileSync(join(making, 'nest-cli.json'), settings.replaceAll('"outDir": "dist"', '"outDir": "dist.making"'));
  const nest = join(root, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js');
  run(node, [nest, 'build', '--config', 'dist.making/nest-cli.json'], 'The build failed: see above.');
  buildDashboard(making);
  if (existsSync(DIST)) renameSync(DIST, old);
  renameSync(making, DIST);
  rmSync(old, { recursive: true, force: true });
}

function buildDashboard(making) {
  const folder = 'apps/dashboard';
  writeFileSync(join(making, BUILT_DASHBOARD), fingerprint(SOURCES_OF_DASHBOARD));
  if (!hasChanged(BUILT_DASHBOARD, SOURCES_OF_DASHBOARD)) {
    cpSync(join(DIST, folder), join(making, folder), { recursive: true });
    return;
  }
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  const out = join(making, folder, 'public');
  run(
    node,
    [vite, 'build', folder, '--outDir', out, '--logLevel', 'warn'],
    'The build of the dashboard failed: see above.',
  );
}

/** For metrics, health and logs: which commit was built. Without Git, or outside of a clone, none is noted. */
function noteCommit(file) {
  const { status, stdout } = spawnSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8' });
  if (status === 0) writeFileSync(file, stdout);
}

function run(command, args, complaint) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (error || status !== 0) throw new Error(complaint);
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

/** Of names and times: a file that was taken away or moved here counts too, whatever its own time is. */
function fingerprint(sources) {
  const hash = createHash('sha256');
  for (const path of sources.flatMap(filesOf)) hash.update(`${path} ${modified(join(root, path))}\n`);
  return `${hash.digest('hex')}\n`;
}

/** The file itself, or what is built of a folder: no tests, no declarations, and no `.venv` or `node_modules`. */
function filesOf(path) {
  if (!statSync(join(root, path)).isDirectory()) return [path];
  return readdirSync(join(root, path), { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const inner = `${path}/${entry.name}`;
      if (entry.name.startsWith('.') || entry.name === 'node_modules') return [];
      if (entry.isDirectory()) return filesOf(inner);
      return /(?<!\.(test|d))\.tsx?$|\.(sql|css|html|svg)$/.test(inner) ? [inner] : [];
    });
}

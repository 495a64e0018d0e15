// Runs a file of `dist` in a Node process of its own until it ends: in a checkout, where `npm run …` installs and builds first, and
// where Postern was installed as a package.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const parent = process.ppid;
// npm that gets a signal passes it to the shell between us alone, and both end. Without npm, as in `nohup node tools/run.mjs … &`,
// the parent may well be gone.
const isLeft = () => process.env.npm_lifecycle_event !== undefined && process.ppid !== parent;

/**
 * @param {string} file below `dist`
 * @param {readonly string[]} args
 */
export async function launch(file, args) {
  const { node, root } = await runtime();
  if (isLeft()) process.exit(1);
  /**
   * For Postern: a heap of at most 512 MiB, of which it uses about 50. V8 also collects by this limit: without it, on a large machine, an export of
   * 1,000,000 rows used 345 MB. With a young generation of 8 MB it uses 216, with 4 MB 201; but 4 MB cost a relay's decision 40 % more CPU.
   * libs/testing and the supervisor use the same flags.
   */
  const memory = /^apps\/(standalone|.+-service)\//.test(file)
    ? ['--max-semi-space-size=8', '--max-old-space-size=512']
    : [];
  // The sockets that systemd opened for the relay agent (sd_listen_fds(3)) are the file descriptors from 3 on.
  const passed = Array.from({ length: Number(process.env.LISTEN_FDS) || 0 }, (_, index) => 3 + index);
  const child = spawn(node, ['--enable-source-maps', ...memory, join(root, 'dist', file), ...args], {
    stdio: ['inherit', 'inherit', 'inherit', ...passed],
    env: {
      // Each of glibc's arenas keeps what it once had: two are enough for a process of one busy thread.
      MALLOC_ARENA_MAX: '2',
      // What was compiled is kept: `postern verify` is ready to begin after 0.4 s of a processor, and not after 0.6 s.
      NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'compiled'),
      ...process.env,
    },
  });

  // A terminal's Ctrl-C reaches the child too; `kill` reaches only us. The child decides when it is done.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  process.on('SIGHUP', () => child.kill('SIGTERM'));
  const watch = setInterval(() => {
    if (!isLeft()) return;
    clearInterval(watch);
    child.kill('SIGTERM');
  }, 1_000).unref();
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
}

/** The Node to run on, and the folder that has `dist`. */
async function runtime() {
  const tools = dirname(fileURLToPath(import.meta.url));
  // A package has no `prepare.mjs`: it is built, and runs on the Node that is there.
  if (existsSync(join(tools, 'prepare.mjs'))) {
    const { node, prepare, root } = await import('./prepare.mjs');
    prepare();
    return { node, root };
  }
  if (Number.parseInt(process.versions.node, 10) < 22) {
    console.error(`Postern needs Node 22.20 or newer; this is ${process.version}.`);
    process.exit(1);
  }
  return { node: process.execPath, root: dirname(tools) };
}

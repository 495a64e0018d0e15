import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { freePort } from '@postern/embedded-kafka';
import type { Describe } from './describe-with-kafka.js';
import { until } from './until.js';

type Service = 'command-service' | 'projection-service' | 'audit-trail-service';

export interface Nginx {
  readonly url: string;
  stop(): Promise<void>;
}

/** From the sources under jest, or from `dist`. */
const ROOT = import.meta.dirname.replace(/([\\/]dist)?[\\/]libs[\\/]testing[\\/]src$/, '');
/** Debian keeps it out of the path of users. */
const FOLDERS = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin'];
const PROGRAM = FOLDERS.map((folder) => join(folder, 'nginx')).find((file) => existsSync(file));

export const hasNginx = PROGRAM !== undefined;

/** jest's `describe`, for tests that run nginx. Where there is none they are skipped, and say so; in CI that is a failure. */
export function describeWithNginx(describe: Describe, name: string, tests: () => void): void {
  if (PROGRAM) return describe(name, tests);
  process.stderr.write(`NOT RUN: "${name}". It needs nginx (Debian: nginx-light).\n`);
  return describe.skip(name, tests);
}

/** Starts nginx with deploy/nginx, where only addresses and folders are replaced, in front of these services. */
export async function startNginx(urls: Readonly<Record<Service, readonly string[]>>): Promise<Nginx> {
  if (!PROGRAM) throw new Error('There is no nginx on this machine (Debian: nginx-light).');
  const folder = await mkdtemp(join(tmpdir(), 'postern-nginx-'));
  await cp(join(ROOT, 'deploy', 'nginx'), folder, { recursive: true });
  const port = await freePort();
  await rewrite(join(folder, 'nginx.conf'), (text) =>
    // The kernel would buffer some MB of an answer that nobody reads.
    text.replaceAll('/tmp/', `${folder}/`).replace('listen 8025;', `listen 127.0.0.1:${port} sndbuf=64k;`),
  );
  await rewrite(join(folder, 'upstreams.conf'), (text) => withAddresses(text, urls));
  const output = join(folder, 'output');
  const file = openSync(output, 'w');
  // Workers of root become another user, who may not look into the folder.
  const directives = `daemon off;${process.getuid?.() === 0 ? ' user root;' : ''}`;
  const child = spawn(PROGRAM, ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr', '-g', directives], {
    stdio: ['ignore', file, file],
  });
  closeSync(file);
  const ended = once(child, 'exit');
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`nginx did not start. It printed:\n${await readFile(output, 'utf8')}`);
    return listens(port);
  });
  return {
    url: `http://127.0.0.1:${port}`,
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Each `server` line once for each address, with its own options. */
function withAddresses(text: string, urls: Readonly<Record<Service, readonly string[]>>): string {
  return text.replace(/(upstream (\S+) \{[^}]*?)^ *server \S+(.*\n)/gm, (_, before: string, service, options: string) =>
    [before, ...urls[service as Service].map((url) => `  server ${new URL(url).host}${options}`)].join(''),
  );
}

async function rewrite(file: string, change: (text: string) => string): Promise<void> {
  await writeFile(file, change(await readFile(file, 'utf8')));
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

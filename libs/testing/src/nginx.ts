import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@postern/embedded-kafka';
import type { Describe } from './describe-with-kafka.js';
import { describeWithPrograms, findProgram, programFile } from './programs.js';
import { startServer, type ServerProcess } from './server-process.js';

type Service = 'command-service' | 'projection-service' | 'audit-trail-service';

export interface Nginx {
  readonly url: string;
  stop(): Promise<void>;
}

/** From the sources under jest, or from `dist`. */
const ROOT = import.meta.dirname.replace(/([\\/]dist)?[\\/]libs[\\/]testing[\\/]src$/, '');

export const hasNginx = findProgram('nginx') !== undefined;

/** jest's `describe` for tests that run nginx. Without it they are skipped with a message; in CI that is a failure. */
export function describeWithNginx(describe: Describe, name: string, tests: () => void): void {
  describeWithPrograms(describe, name, { nginx: 'nginx-light' }, tests);
}

/** Starts nginx with deploy/nginx, where only addresses and folders are replaced, in front of these services. */
export async function startNginx(urls: Readonly<Record<Service, readonly string[]>>): Promise<Nginx> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-nginx-'));
  await cp(join(ROOT, 'deploy', 'nginx'), folder, { recursive: true });
  const port = await freePort();
  await rewrite(join(folder, 'nginx.conf'), (text) =>
    // The kernel would buffer some MB of an answer that nobody reads.
    text.replaceAll('/tmp/', `${folder}/`).replace('listen 8025;', `listen 127.0.0.1:${port} sndbuf=64k;`),
  );
  await rewrite(join(folder, 'upstreams.conf'), (text) => withAddresses(text, urls));
  const server = await runNginx(folder, [port]);
  return {
    url: `http://127.0.0.1:${port}`,
    stop: async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Starts nginx with the folder's nginx.conf. */
export function runNginx(folder: string, ports: readonly number[]): Promise<ServerProcess> {
  // Workers of root become another user, who may not look into the folder.
  const directives = `daemon off;${process.getuid?.() === 0 ? ' user root;' : ''}`;
  const args = ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr', '-g', directives];
  const accepts = ports.map((port) => ({ port, host: '127.0.0.1' }));
  return startServer(programFile('nginx', 'nginx-light'), args, accepts, join(folder, 'output'));
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

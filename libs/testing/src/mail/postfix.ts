import { execFile } from 'node:child_process';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { programFile } from '../programs.js';
import { pidIn, sendSignal } from '../send-signal.js';
import { startServer, type ServerProcess } from '../server-process.js';

const run = promisify(execFile);

export interface PostfixOptions {
  /** For all of its files; its parents can be entered by other users. */
  readonly folder: string;
  /** What an operator appends to main.cf and master.cf. */
  readonly main: string;
  readonly master: string;
  /** The TCP ports that it then listens on. */
  readonly ports: readonly number[];
}

/** Debian's own list of services, without SMTP for other mail servers. */
const MASTER = '/usr/share/postfix/master.cf.dist';

/** Starts a Postfix of its own that accepts mail and discards it. Needs root. */
export async function startPostfix({ folder, main, master, ports }: PostfixOptions): Promise<ServerProcess> {
  const configuration = join(folder, 'etc');
  for (const each of [folder, configuration, queueOf(folder), join(folder, 'data')]) {
    await mkdir(each, { recursive: true });
    await chmod(each, 0o755);
  }
  await run('chown', ['postfix', join(folder, 'data')]);
  await writeFile(join(configuration, 'main.cf'), `${base(folder)}\n${main}`);
  const services = (await readFile(MASTER, 'utf8')).replace(/^(smtp +inet|pickup).*\n/gm, '');
  await writeFile(join(configuration, 'master.cf'), `${services}\n${master}`);
  const postfix = programFile('postfix');
  const accepts = ports.map((port) => ({ port, host: '127.0.0.1' }));
  const server = await startServer(postfix, ['-c', configuration, 'start-fg'], accepts, join(folder, 'output'));
  // The script that was started does not pass a signal on to the master process.
  const end = async () => sendSignal(await pidIn(join(queueOf(folder), 'pid', 'master.pid')), 'SIGTERM');
  return { ...server, stop: () => server.stop(end) };
}

/** Its `queue_directory`, to which Postfix's relative paths of sockets refer. */
export function queueOf(folder: string): string {
  return join(folder, 'queue');
}

/** What an installed Postfix has. */
function base(folder: string): string {
  return `
compatibility_level = 3.6
queue_directory = ${queueOf(folder)}
data_directory = ${folder}/data
inet_interfaces = 127.0.0.1, ::1
myhostname = mx1.example
mydestination =
local_recipient_maps =
default_transport = discard
maillog_file = /dev/stdout
`;
}

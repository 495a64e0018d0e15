import { mkdir, writeFile } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startServer, type ServerProcess } from '../server-process.js';

const ROOT = import.meta.dirname.replace(/([\\/]dist)?[\\/]libs[\\/]testing[\\/]src[\\/]mail$/, '');

/** Where .ci/run unpacks it: Debian's Exim cannot be installed next to its Postfix. */
export const EXIM = join(ROOT, '.exim', 'usr', 'sbin', 'exim4');

export interface EximOptions {
  /** For all of its files; its parents can be entered by other users. */
  readonly folder: string;
  readonly configuration: string;
  readonly port: number;
}

/** Starts an Exim of its own. Needs root, and the user `Debian-exim`. */
export async function startExim({ folder, configuration, port }: EximOptions): Promise<ServerProcess> {
  await mkdir(folder);
  await promisify(execFile)('chown', ['Debian-exim', folder]);
  const file = join(folder, 'exim.conf');
  await writeFile(file, `${base(folder)}\n${configuration}`);
  return startServer(EXIM, ['-C', file, '-bdf'], [{ port, host: '127.0.0.1' }], join(folder, 'output'));
}

/** What an installed Exim has. */
function base(folder: string): string {
  return `
exim_path = ${EXIM}
spool_directory = ${folder}/spool
log_file_path = ${folder}/%slog
local_interfaces = <; 127.0.0.1 ; ::1
primary_hostname = mx1.example
host_lookup =
rfc1413_query_timeout = 0s
`;
}

import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startServer, type ServerProcess } from '../server-process.js';

const run = promisify(execFile);
const ROOT = import.meta.dirname.replace(/([\\/]dist)?[\\/]libs[\\/]testing[\\/]src[\\/]mail$/, '');

/** Where .ci/run installs it: with its dependencies it has 42 MB. */
export const HARAKA = join(ROOT, '.haraka', 'node_modules', 'Haraka', 'bin', 'haraka');

export interface HarakaOptions {
  /** For all of its files; it is made. */
  readonly folder: string;
  /** Files below its folder `config`, which replace those that Haraka makes. */
  readonly config: Readonly<Record<string, string>>;
  readonly port: number;
}

/** Starts a Haraka of its own, with our plugin installed as it was built. */
export async function startHaraka({ folder, config, port }: HarakaOptions): Promise<ServerProcess> {
  await run(process.execPath, [HARAKA, '-i', folder]);
  const plugin = join(folder, 'node_modules', 'haraka-plugin-postern');
  await mkdir(plugin, { recursive: true });
  const built = join(ROOT, 'dist', 'libs', 'haraka-plugin', 'src', 'index.js');
  await writeFile(join(plugin, 'package.json'), '{"name":"haraka-plugin-postern","main":"index.cjs"}');
  await writeFile(join(plugin, 'index.cjs'), `module.exports = require(${JSON.stringify(built)});`);
  // Haraka would make them itself, in 10 s or more.
  await run('openssl', ['dhparam', '-dsaparam', '-out', join(folder, 'config', 'dhparams.pem'), '2048']);
  for (const [name, text] of Object.entries(config)) await writeFile(join(folder, 'config', name), text);
  const accepts = [{ port, host: '127.0.0.1' }];
  return startServer(process.execPath, [HARAKA, '-c', folder], accepts, join(folder, 'output'));
}

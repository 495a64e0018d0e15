import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The owner's connection URL to the embedded PostgreSQL of a Postern that runs on the data folder. Throws where none runs. */
export async function ownerUrl(dataDir: string): Promise<string> {
  const password = (await readFile(join(dataDir, 'postgres.password'), 'utf8')).trim();
  const [, , , port, socketFolder] = (await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n');
  if (!port || !socketFolder) throw new Error('The server is starting.');
  return `postgresql://postern_owner:${password}@${encodeURIComponent(socketFolder)}:${port}/postern`;
}

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The owner's connection URL to the embedded PostgreSQL of a Postern that runs on the data folder. */
export async function ownerUrl(dataDir: string): Promise<string> {
  const password = (await readFile(join(dataDir, 'postgres.password'), 'utf8')).trim();
  const port = (await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[3]?.trim();
  return `postgresql://postern_owner:${password}@127.0.0.1:${port}/postern`;
}

import { chmod, chown, lstat, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cluster } from './cluster.js';

/** Not below the data folder, because a socket's path has 107 bytes at most. */
export async function makeSocketFolder(cluster: Cluster): Promise<string> {
  const last = await lastFolder(cluster);
  if (last !== null && ((await isPrivate(last, cluster)) || (await makeAgain(last, cluster)))) return last;
  // mkdtemp: mode 700, and a name that nobody can create before.
  const folder = await mkdtemp(join(tmpdir(), 'postern-'));
  await handOver(folder, cluster);
  await writeFile(noteOf(cluster), `${folder}\n`, { mode: 0o600 });
  return folder;
}

/** Null if the folder is missing or not private: then it is another user's. */
export async function findSocketFolder(cluster: Cluster): Promise<string | null> {
  const last = await lastFolder(cluster);
  return last !== null && (await isPrivate(last, cluster)) ? last : null;
}

async function lastFolder(cluster: Cluster): Promise<string | null> {
  return (await readFile(noteOf(cluster), 'utf8').catch(() => '')).trim() || null;
}

/** False if another user has taken the name. */
async function makeAgain(folder: string, cluster: Cluster): Promise<boolean> {
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch {
    return false;
  }
  await handOver(folder, cluster);
  return true;
}

async function handOver(folder: string, { account }: Cluster): Promise<void> {
  // The umask may have removed bits.
  await chmod(folder, 0o700);
  if (account.ids) await chown(folder, account.ids.uid, account.ids.gid);
}

async function isPrivate(folder: string, { account }: Cluster): Promise<boolean> {
  const found = await lstat(folder).catch(() => null);
  const owner = account.ids?.uid ?? process.getuid?.() ?? found?.uid;
  return found?.isDirectory() === true && found.uid === owner && (found.mode & 0o077) === 0;
}

function noteOf({ dataDir }: Cluster): string {
  return `${dataDir}.socket`;
}

import { chmod, chown, lstat, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cluster } from './cluster.js';

/**
 * The private folder of the socket of the cluster's server: the one of last time where it can still be had, so that the server keeps its
 * URL, else a new one. Not below the data folder: a socket's path has 107 bytes at most, which that can exceed.
 */
export async function makeSocketFolder(cluster: Cluster): Promise<string> {
  const last = await lastFolder(cluster);
  if (last !== null && ((await isPrivate(last, cluster)) || (await makeAgain(last, cluster)))) return last;
  // mkdtemp gives it the mode 700 and a name that nobody can make first.
  const folder = await mkdtemp(join(tmpdir(), 'postern-'));
  await handOver(folder, cluster);
  await writeFile(noteOf(cluster), `${folder}\n`, { mode: 0o600 });
  return folder;
}

/** The folder where the cluster's server is, if it runs. Null where there is none, or it is not private: then it is somebody else's. */
export async function findSocketFolder(cluster: Cluster): Promise<string | null> {
  const last = await lastFolder(cluster);
  return last !== null && (await isPrivate(last, cluster)) ? last : null;
}

async function lastFolder(cluster: Cluster): Promise<string | null> {
  return (await readFile(noteOf(cluster), 'utf8').catch(() => '')).trim() || null;
}

/** False where somebody else has taken the name. */
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
  // Whatever the process's umask has taken off.
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

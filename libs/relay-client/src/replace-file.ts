import { open, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Replaces a file, all or nothing. Its content is on disk then; its name is, after `syncFolderOf`. */
export async function replaceFile(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const next = nextOf(path);
  try {
    const file = await open(next, 'w', 0o600);
    try {
      await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(next, path);
  } catch (error) {
    await removeUnfinished(path);
    throw error;
  }
}

export async function syncFolderOf(path: string): Promise<void> {
  const folder = await open(dirname(path));
  await folder.sync().finally(() => folder.close());
}

/** Removes the rest of a replacement that failed or was killed, to free its disk space. */
export async function removeUnfinished(path: string): Promise<void> {
  await rm(nextOf(path), { force: true }).catch(() => undefined);
}

function nextOf(path: string): string {
  return `${path}.next`;
}

import { open, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Replaces a file, all or nothing: if it rejects, the file is as it was. What `write` has written is on disk; that it has the
 * file's name is so once `syncFolderOf` resolves, too.
 */
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

/** A new name is on disk once its folder is. */
export async function syncFolderOf(path: string): Promise<void> {
  const folder = await open(dirname(path));
  await folder.sync().finally(() => folder.close());
}

/** Removes what a replacement that failed, or was killed, has left: it would take the room that the file itself needs. */
export async function removeUnfinished(path: string): Promise<void> {
  await rm(nextOf(path), { force: true }).catch(() => undefined);
}

function nextOf(path: string): string {
  return `${path}.next`;
}

import { open, rename } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Replaces a file, all or nothing: what `write` has written is on disk when this resolves, or the file is as it was. */
export async function replaceFile(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const next = `${path}.next`;
  const file = await open(next, 'w', 0o600);
  try {
    await write(file);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(next, path);
  // The new name is on disk once its folder is.
  const folder = await open(dirname(path));
  await folder.sync().finally(() => folder.close());
}

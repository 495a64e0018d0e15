import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

/** Writes the first operator's key to `<data>/operator-key`, readable by its owner alone; returns the file's path. */
export async function keepOperatorKey(dataDir: string, key: string): Promise<string> {
  const file = join(resolve(dataDir), 'operator-key');
  await mkdir(resolve(dataDir), { recursive: true });
  await writeFile(file, `${key}\n`, { mode: 0o600 });
  // The mode above holds only for a new file.
  await chmod(file, 0o600);
  return file;
}

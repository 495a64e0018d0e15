import { mkdir, mkdtemp, rmdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { SettingInvalid } from './setting-values.js';

/** Creates the folder if missing. Returns its absolute path. @throws `SettingInvalid` if it is not writable. */
export async function openDataFolder(dataDir: string, name = 'POSTERN_DATA_DIR'): Promise<string> {
  const folder = resolve(dataDir);
  try {
    await makeFolder(folder);
    await rmdir(await mkdtemp(join(folder, '.writable-')));
    return folder;
  } catch (error) {
    throw new SettingInvalid(
      `${name} must name a folder that can be written to (${(error as Error).message}). Name another one, or repair it.`,
      { cause: error },
    );
  }
}

export function operatorKeyFile(dataDir: string): string {
  return join(resolve(dataDir), 'operator-key');
}

/** Folder by folder: a recursive `mkdir` never returns in a place such as /proc, where nothing can be created. */
async function makeFolder(folder: string): Promise<void> {
  const make = () =>
    mkdir(folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  await make().catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    await makeFolder(dirname(folder));
    await make();
  });
}

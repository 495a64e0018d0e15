import { mkdir, mkdtemp, rmdir, stat } from 'node:fs/promises';
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
      `${name} must name a folder that can be written to: ${reason(folder, error)} Name another one, or repair it.`,
      { cause: error },
    );
  }
}

export function operatorKeyFile(dataDir: string): string {
  return join(resolve(dataDir), 'operator-key');
}

/** Folder by folder: a recursive `mkdir` never returns in a place such as /proc, where nothing can be created. */
async function makeFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (found?.isDirectory()) return;
  if (found) throw Object.assign(new Error(`${folder} is not a folder`), { code: 'EEXIST' });
  if (dirname(folder) !== folder) await makeFolder(dirname(folder));
  await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

const REASONS: Readonly<Record<string, string>> = {
  EEXIST: 'is a file, or a part of its path is a file',
  ENOTDIR: 'is a file, or a part of its path is a file',
  EACCES: 'is closed to this user',
  EPERM: 'is closed to this user',
  EROFS: 'is on a file system that is read-only',
  ENOENT: 'cannot be created: its file system allows no folders there',
  ENOSPC: 'is on a file system that is full',
};

function reason(folder: string, error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return `${folder} ${REASONS[code] ?? `cannot be used (${message})`}.`;
}

import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openDataFolder } from './data-folder.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-data-folder-'));
  await writeFile(join(folder, 'file'), '');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const refusal = (path: string, why: string) => ({
  name: 'SettingInvalid',
  message: `POSTERN_DATA_DIR must name a folder that can be written to: ${path} ${why}. Name another one, or repair it.`,
});

describe('the data folder', () => {
  it('is made with all that leads to it, and nothing is left in it', async () => {
    const deep = join(folder, 'a', 'b');
    expect(await openDataFolder(deep)).toBe(deep);
    expect(await openDataFolder(deep)).toBe(deep);
    expect(await readdir(deep)).toEqual([]);
  });

  it('is refused where it, or a part of its path, is a file', async () => {
    const why = 'is a file, or a part of its path is a file';
    for (const path of [join(folder, 'file'), join(folder, 'file', 'x')])
      await expect(openDataFolder(path)).rejects.toMatchObject(refusal(path, why));
  });

  it('is refused at once where nothing can be made', async () => {
    await expect(openDataFolder('/dev/null/postern')).rejects.toThrow('POSTERN_DATA_DIR must name a folder');
    const path = '/proc/postern';
    if (process.platform === 'linux')
      await expect(openDataFolder(path)).rejects.toMatchObject(
        refusal(path, 'cannot be created: its file system allows no folders there'),
      );
  });
});

import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openDataFolder } from './data-folder.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-data-folder-'));
  await writeFile(join(folder, 'file'), '');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the data folder', () => {
  it('is made with all that leads to it, and nothing is left in it', async () => {
    const deep = join(folder, 'a', 'b');
    expect(await openDataFolder(deep)).toBe(deep);
    expect(await openDataFolder(deep)).toBe(deep);
    expect(await readdir(deep)).toEqual([]);
  });

  it.each(['file', 'file/x', '/dev/null/postern', '/proc/postern'])(
    'is refused at once where nothing can be made: %s',
    async (path) => {
      await expect(openDataFolder(resolve(folder, path))).rejects.toMatchObject({
        name: 'SettingInvalid',
        message: expect.stringMatching(
          /^POSTERN_DATA_DIR must name a folder that can be written to \(E[A-Z]+: .*\)\. Name another one, or repair it\.$/,
        ),
      });
    },
  );
});

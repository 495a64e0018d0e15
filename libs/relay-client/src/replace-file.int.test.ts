import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { replaceFile } from './replace-file.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-replace-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('leaves the file unchanged if the new one cannot be written, and no temporary file', async () => {
  const path = join(folder, 'file');
  await writeFile(path, 'before');
  const half = replaceFile(path, async (file) => {
    await file.write('half of the ne');
    throw new Error('no space left');
  });
  await expect(half).rejects.toThrow('no space left');
  expect([await readdir(folder), await readFile(path, 'utf8')]).toEqual([['file'], 'before']);
});

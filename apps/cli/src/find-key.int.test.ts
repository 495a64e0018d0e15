import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findKey } from './connection.js';

let folder: string;
const key = (name: string) => `pst_admin_${name}_0123456789abcdef`;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-keys-'));
  for (const name of ['option', 'file', 'operator-key']) await writeFile(join(folder, name), `${key(name)}\n`);
  await writeFile(join(folder, 'letter'), 'Dear Sir or Madam');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the API key', () => {
  it('is that of the first source that is named', async () => {
    const environment = {
      POSTERN_KEY: key('environment'),
      POSTERN_KEY_FILE: join(folder, 'file'),
      POSTERN_DATA_DIR: folder,
    };
    const { POSTERN_KEY, ...noKey } = environment;
    const { POSTERN_KEY_FILE, ...noFile } = noKey;
    const keyFile = join(folder, 'option');
    expect([
      await findKey({ keyFile, environment, onThisMachine: true }),
      await findKey({ keyFile: undefined, environment, onThisMachine: true }),
      await findKey({ keyFile: undefined, environment: noKey, onThisMachine: true }),
      await findKey({ keyFile: undefined, environment: noFile, onThisMachine: true }),
    ]).toEqual(['option', 'environment', 'file', 'operator-key'].map(key));
    expect([POSTERN_KEY, POSTERN_KEY_FILE]).toEqual([key('environment'), join(folder, 'file')]);
  });

  it('of the operator goes to no Postern elsewhere', async () => {
    const sources = { keyFile: undefined, environment: { POSTERN_DATA_DIR: folder }, onThisMachine: false };
    await expect(findKey(sources)).rejects.toThrow(/^There is no API key\. Set POSTERN_KEY, or .* has it\.$/);
  });

  it('is not shown if it is not a key', async () => {
    const sources = { keyFile: join(folder, 'letter'), environment: {}, onThisMachine: true };
    const message = await findKey(sources).catch((error: Error) => error.message);
    expect(message).toBe(
      `There is no API key in ${join(folder, 'letter')}: a key begins with pst_ and contains no white space.`,
    );
  });
});

import { mkdir, mkdtemp, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { linkLibraries } from './link-libraries.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-link-libraries-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const LINKS = [
  { source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so.5' },
  { source: 'native/lib/libpq.so.5.18', target: 'native/libpq.so' },
];

async function packageWith(links: typeof LINKS): Promise<void> {
  await mkdir(join(folder, 'native', 'lib'), { recursive: true });
  await writeFile(join(folder, 'native', 'lib', 'libpq.so.5.18'), 'a library');
  await writeFile(join(folder, 'native', 'pg-symlinks.json'), JSON.stringify(links));
}
const target = (link: string) => readlink(join(folder, link));

describe('the links of the libraries', () => {
  it('are made where they are missing, by several at once too', async () => {
    await packageWith(LINKS);
    await Promise.all([linkLibraries(folder), linkLibraries(folder)]);
    expect(await target('native/lib/libpq.so.5')).toBe('libpq.so.5.18');
    expect(await target('native/libpq.so')).toBe('lib/libpq.so.5.18');
  });

  it('stay as they are where the install script made them', async () => {
    await packageWith(LINKS);
    await symlink('../lib/libpq.so.5.18', join(folder, 'native', 'lib', 'libpq.so.5'));
    await linkLibraries(folder);
    expect(await target('native/lib/libpq.so.5')).toBe('../lib/libpq.so.5.18');
  });

  it('are none where the package lists none, as on macOS', async () => {
    await expect(linkLibraries(folder)).resolves.toBeUndefined();
  });

  it('that cannot be made end in an error that says what to do', async () => {
    await packageWith([{ source: 'native/lib/libpq.so.5.18', target: 'native/missing/libpq.so.5' }]);
    await expect(linkLibraries(folder)).rejects.toThrow(
      `The embedded PostgreSQL lacks the symbolic link ${folder}/native/missing/libpq.so.5, and it cannot be created (ENOENT). Start Postern once as the owner of that folder.`,
    );
  });
});

import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { serviceUrl, type ServiceLogin } from '@postern/database';

const LOGIN_OF: Readonly<Record<string, ServiceLogin>> = {
  'command-service': 'postern_command_service',
  'projection-service': 'postern_projection_service',
  'audit-trail-service': 'postern_audit_trail_service',
};

/**
 * Writes into the folders below `root`, which must exist, with mode 600. An existing password is kept, because the database was created with it.
 * `database` is `host:port/name`.
 */
export async function makeSecrets(root: string, owner: string, database: string): Promise<void> {
  const password = await ownerPassword(join(root, 'owner', 'password'));
  const ownerUrl = `postgresql://${owner}:${password}@${database}`;
  await replace(join(root, 'owner', 'database-url'), ownerUrl);
  for (const [service, login] of Object.entries(LOGIN_OF))
    await replace(join(root, service, 'database-url'), serviceUrl(ownerUrl, login));
}

async function ownerPassword(file: string): Promise<string> {
  const temporary = await writeNextTo(file, randomBytes(32).toString('base64url'));
  try {
    // Unlike `rename`, `link` never replaces an existing password; unlike `writeFile`, it never leaves half of one.
    await link(temporary, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(temporary);
  }
  return (await readFile(file, 'utf8')).trim();
}

async function replace(file: string, text: string): Promise<void> {
  await rename(await writeNextTo(file, text), file);
}

async function writeNextTo(file: string, text: string): Promise<string> {
  const temporary = `${file}.${randomBytes(6).toString('hex')}`;
  await writeFile(temporary, `${text}\n`, { mode: 0o600, flag: 'wx', flush: true });
  return temporary;
}

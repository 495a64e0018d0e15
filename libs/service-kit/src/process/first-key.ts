import { chmod, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { openDataFolder } from '../settings/data-folder.js';

/** The first operator's key, where this start made it, and the file that keeps it. */
export interface FirstKey {
  readonly key: string;
  readonly file: string;
}

/** Where the first operator's key is kept. */
export function operatorKeyFile(dataDir: string): string {
  return join(resolve(dataDir), 'operator-key');
}

/** Writes it there, readable by its owner alone. Throws `SettingInvalid` where the data folder takes no file. */
export async function keepOperatorKey(dataDir: string, key: string): Promise<void> {
  await openDataFolder(dataDir);
  const file = operatorKeyFile(dataDir);
  await writeFile(file, `${key}\n`, { mode: 0o600 });
  // The mode above holds only for a new file.
  await chmod(file, 0o600);
}

/** What a first start tells its operator: the key that it made, and what comes next. `url` is where the API is. */
export function firstKeyGreeting(url: string, { key, file }: FirstKey): string[] {
  return [
    `\nThe operator key, shown this once (and kept in ${file}):\n\n  ${key}`,
    `\nNext, make a tenant:\n\n  curl -X POST ${url}/v1/tenants \\`,
    `    -H 'Authorization: Bearer ${key}' \\`,
    `    -H 'Content-Type: application/json' -d '{"id":"acme","name":"Acme Ltd"}'\n`,
  ];
}

import { existsSync } from 'node:fs';
import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { openDataFolder, operatorKeyFile, type Settings } from '@postern/settings';

export interface FirstKey {
  readonly key: string;
  readonly file: string;
}

/** Readable only by its owner, and marked as not shown. @throws `SettingInvalid` if the folder is not writable. */
export async function keepOperatorKey(dataDir: string, key: string): Promise<void> {
  await openDataFolder(dataDir);
  const file = operatorKeyFile(dataDir);
  await writeFile(unshownMark(file), '', { mode: 0o600 });
  await writeFile(file, `${key}\n`, { mode: 0o600 });
  await chmod(file, 0o600);
}

/** A key that an earlier start created but did not show, because it failed later. Null: none. */
export async function operatorKeyNotShown(dataDir: string): Promise<FirstKey | null> {
  const file = operatorKeyFile(dataDir);
  if (!existsSync(unshownMark(file))) return null;
  const key = (await readFile(file, 'utf8').catch(() => '')).trim();
  return key === '' ? null : { key, file };
}

export async function noteShown({ file }: FirstKey): Promise<void> {
  // If the folder became read-only, the key is shown once more.
  await rm(unshownMark(file), { force: true }).catch(() => undefined);
}

export function operatorKeyLocation({ operatorKey, dataDir }: Pick<Settings, 'operatorKey' | 'dataDir'>): string {
  if (operatorKey !== null) return 'Operator key: that of POSTERN_OPERATOR_KEY';
  const file = operatorKeyFile(dataDir);
  return existsSync(file)
    ? `Operator key: in ${file}`
    : `Operator key: not in ${file}; a start with another POSTERN_DATA_DIR created it, or POSTERN_OPERATOR_KEY gave it`;
}

function unshownMark(file: string): string {
  return `${file}.unshown`;
}

/** `url` is that of the API. */
export function firstKeyGreeting(url: string, { key, file }: FirstKey): string[] {
  return [
    `\nThe operator key, shown this once (and kept in ${file}):\n\n  ${key}`,
    `\nNext, create a tenant:\n\n  curl -X POST ${url}/v1/tenants \\`,
    `    -H 'Authorization: Bearer ${key}' \\`,
    `    -H 'Content-Type: application/json' -d '{"id":"acme","name":"Acme Ltd"}'\n`,
  ];
}

import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { hashSecret } from '@postern/contracts';
import { withSession } from '@postern/database';
import { loadSettings, operatorKeyFile, type Settings } from '@postern/settings';
import { migrateAll, openDatabase as openOrMakeDatabase, SCHEMAS } from '../../../standalone/src/database.js';
import { READ_MODEL_NAMES } from '../choices.js';
import { openDatabase } from '../open-database.js';
import type { Surroundings } from '../operator-command.js';
import { compare, showComparisons } from '../read-models/read-models.js';
import { checkBackup } from './backup-file.js';
import { backup } from './backup.js';
import { assertEmpty, restore } from './restore.js';

export async function makeBackup(named: string, { report }: Surroundings, stop: AbortSignal): Promise<void> {
  const file = resolve(named);
  if (existsSync(file)) throw new Error(`${file} exists already, and is not overwritten. Choose another file.`);
  if (!existsSync(dirname(file)))
    throw new Error(`There is no folder ${dirname(file)}. Create it, or choose another file.`);
  const database = await openDatabase(process.env);
  try {
    const rows = await backup(database.url, file, report, stop);
    report(`${file} has ${countOf(rows)}. Protect it like the database: it is not encrypted.`);
  } finally {
    await database.close();
  }
}

export async function restoreBackup(named: string, to: Surroundings, stop: AbortSignal): Promise<void> {
  const file = resolve(named);
  if (!existsSync(file)) throw new Error('There is no such file.');
  const settings = loadSettings(process.env);
  // Before anything is written, and before an embedded database is created.
  const { madeAt, journal } = await checkBackup(file, SCHEMAS, stop);
  to.report(`The backup is of ${madeAt}. It has the journal ${journal}`);
  const prepare = async (ownerUrl: string) => {
    await withSession(ownerUrl, assertEmpty);
    await migrateAll(ownerUrl);
  };
  const database = await openOrMakeDatabase(settings, (_, message) => to.report(message), prepare);
  try {
    const rows = await restore(database.url, file, to.report, stop);
    to.report(`Restored: ${countOf(rows)}`);
    if (!(await checkRestored(database.url, settings, to))) process.exitCode = 1;
  } finally {
    await database.stop();
  }
}

/** Returns false if a check failed. */
async function checkRestored(url: string, settings: Settings, { output, report }: Surroundings): Promise<boolean> {
  const { live, operators, given } = await checkKeys(url, operatorKeyAtHand(settings));
  report(
    `API keys: ${live} work; operator keys among them: ${operators}. ${KEY_AT_HAND[operators === 0 ? 'none' : given]}`,
  );
  const equal = showComparisons(await compare(url, READ_MODEL_NAMES, 3, () => undefined), output);
  report(
    equal
      ? 'Every read model equals the journal. Start Postern.'
      : 'A read model differs from the journal: run `postern rebuild` with its name, then start Postern.',
  );
  return equal && operators > 0 && given !== 'unknown';
}

const KEY_AT_HAND = {
  none: 'The next start creates one',
  works: 'The operator key of this data folder or of POSTERN_OPERATOR_KEY works',
  missing:
    'A backup does not have their texts: keep your operator key, or copy its file `operator-key` into the data folder',
  unknown: 'The operator key of this data folder or of POSTERN_OPERATOR_KEY is not one of them: replace it with one',
} as const;

export interface KeyCheck {
  readonly live: number;
  readonly operators: number;
  /** `missing`: no operator key is at hand. */
  readonly given: 'works' | 'unknown' | 'missing';
}

export async function checkKeys(ownerUrl: string, operatorKey: string | null): Promise<KeyCheck> {
  return withSession(ownerUrl, async (client) => {
    const { rows } = await client.query<{ live: string; operators: string; given: string }>(
      `SELECT count(*) AS live, count(*) FILTER (WHERE role = 'operator') AS operators,
              count(*) FILTER (WHERE role = 'operator' AND secret_hash = $1) AS given
         FROM access.api_keys WHERE revoked_at IS NULL`,
      [hashSecret(operatorKey ?? '')],
    );
    const given = operatorKey === null ? 'missing' : Number(rows[0]?.given) > 0 ? 'works' : 'unknown';
    return { live: Number(rows[0]?.live), operators: Number(rows[0]?.operators), given };
  });
}

function operatorKeyAtHand({ operatorKey, dataDir }: Settings): string | null {
  if (operatorKey !== null) return operatorKey;
  const file = operatorKeyFile(dataDir);
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : null;
}

function countOf(rows: ReadonlyMap<string, number>): string {
  return `${[...rows.values()].reduce((all, count) => all + count, 0)} rows of ${rows.size} tables`;
}

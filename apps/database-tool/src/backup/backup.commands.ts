import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { withSession } from '@postern/database';
import { loadSettings, operatorKeyFile, type Settings } from '@postern/settings';
import { migrateAll, openDatabase as openOrMakeDatabase, SCHEMAS } from '../../../standalone/src/database.js';
import { READ_MODEL_NAMES } from '../choices.js';
import { openDatabase } from '../open-database.js';
import type { Surroundings } from '../operator-command.js';
import { compare, showComparisons } from '../read-models/read-models.js';
import { checkBackup } from './backup-file.js';
import { backup } from './backup.js';
import { checkFeed, checkKeys, type FeedCheck, type KeyCheck } from './checks.js';
import { assertEmpty, restore } from './restore.js';

export async function makeBackup(named: string, { report }: Surroundings, stop: AbortSignal): Promise<void> {
  const file = resolve(named);
  if (existsSync(file)) throw new Error(`${file} exists already, and is not overwritten. Choose another file.`);
  if (!existsSync(dirname(file)))
    throw new Error(`There is no folder ${dirname(file)}. Create it, or choose another file.`);
  const database = await openDatabase(process.env);
  try {
    const { rows } = await backup(database.url, file, report, stop);
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
    const { rows } = await restore(database.url, file, to.report, stop);
    to.report(`Restored: ${countOf(rows)}`);
    if (!(await checkRestored(database.url, settings, to))) process.exitCode = 1;
  } finally {
    await database.stop();
  }
}

/** Returns false if a check failed. */
async function checkRestored(url: string, settings: Settings, { output, report }: Surroundings): Promise<boolean> {
  const feed = await checkFeed(url);
  report(feedLine(feed));
  const keys = await checkKeys(url, operatorKeyAtHand(settings));
  report(keyLine(keys, settings));
  const equal = showComparisons(await compare(url, READ_MODEL_NAMES, 3, () => undefined), output);
  report(
    equal
      ? 'Every read model equals the journal. Start Postern.'
      : 'A read model differs from the journal: run `postern rebuild` with its name, then start Postern.',
  );
  return equal && feed.held === 0 && keys.operators > 0 && keys.given !== 'unknown';
}

function feedLine({ events, held }: FeedCheck): string {
  return held === 0
    ? `Events: all ${events} are readable`
    : `Events: ${held} of ${events} are not readable, because a transaction has been open since before the restore. ` +
        'Find it in pg_stat_activity or pg_prepared_xacts, and end it before you start Postern.';
}

function keyLine({ live, operators, given }: KeyCheck, { dataDir }: Settings): string {
  const counts = `API keys: ${live} work; operator keys among them: ${operators}`;
  if (operators === 0) return `${counts}. The next start creates one`;
  if (given === 'works') return `${counts}. The operator key of this data folder or of POSTERN_OPERATOR_KEY works`;
  if (given === null)
    return `${counts}. A backup does not have their texts: keep your operator key, or copy its file to ${operatorKeyFile(dataDir)}`;
  return `${counts}. The operator key of this data folder or of POSTERN_OPERATOR_KEY is not one of them: replace it with one`;
}

function operatorKeyAtHand({ operatorKey, dataDir }: Settings): string | null {
  if (operatorKey !== null) return operatorKey;
  const file = operatorKeyFile(dataDir);
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : null;
}

function countOf(rows: Readonly<Record<string, number>>): string {
  const counts = Object.values(rows);
  return `${counts.reduce((all, count) => all + count, 0)} rows of ${counts.length} tables`;
}

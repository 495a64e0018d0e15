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
  if (existsSync(file)) throw new Error(`${file} exists already, and is not overwritten. Name another file.`);
  if (!existsSync(dirname(file)))
    throw new Error(`There is no folder ${dirname(file)}. Create it, or name another file.`);
  const database = await openDatabase(process.env);
  try {
    const { rows } = await backup(database.url, file, report, stop);
    report(`${file} has ${countOf(rows)}. Keep it as you keep the database: it is not encrypted.`);
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
  to.report(`A backup of ${madeAt}, of the journal ${journal}`);
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

/** Reports each check, and what to do next; returns false if one failed. */
async function checkRestored(url: string, settings: Settings, { output, report }: Surroundings): Promise<boolean> {
  const feed = await checkFeed(url);
  report(feedLine(feed));
  const keys = await checkKeys(url, operatorKeyAtHand(settings));
  report(keyLine(keys, settings));
  const equal = showComparisons(await compare(url, READ_MODEL_NAMES, 3, () => undefined), output);
  report(
    equal
      ? 'Every read model is as the journal has it. Start Postern.'
      : 'A read model is not as the journal has it: run `postern rebuild` with its name, then start Postern.',
  );
  return equal && feed.held === 0 && keys.operators > 0 && keys.given !== 'unknown';
}

function feedLine({ events, held }: FeedCheck): string {
  return held === 0
    ? `Feed: gives all ${events} events`
    : `Feed: holds back ${held} of ${events} events, for a transaction that was open before the restore. ` +
        'Look into pg_stat_activity and pg_prepared_xacts, and end it before Postern starts.';
}

function keyLine({ live, operators, given }: KeyCheck, { dataDir }: Settings): string {
  const counts = `API keys: ${live} work as before, ${operators} of them of operators`;
  if (operators === 0) return `${counts}. The next start makes an operator key`;
  if (given === 'works') return `${counts}; the operator key of this data folder or of POSTERN_OPERATOR_KEY is one`;
  if (given === null)
    return `${counts}. Their texts are in no backup: keep your operator key, or copy its file to ${operatorKeyFile(dataDir)}`;
  return `${counts}. The operator key of this data folder or of POSTERN_OPERATOR_KEY is not one of them: replace it by one`;
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

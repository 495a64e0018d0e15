import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { withSession } from '@postern/database';
import { loadSettings, operatorKeyFile, type Settings } from '@postern/settings';
import { Command } from 'commander';
import { migrateAll, openDatabase as openOrMakeDatabase, SCHEMAS } from '../../../standalone/src/database.js';
import { checkBackup } from './backup-file.js';
import { backup } from './backup.js';
import { checkFeed, checkKeys, type FeedCheck, type KeyCheck } from './checks.js';
import { compare, showComparisons } from '../read-models/read-models.commands.js';
import { openDatabase } from '../open-database.js';
import { interruptible, runCommand, type Surroundings } from '../run-command.js';
import { assertEmpty, restore } from './restore.js';

/** `postern backup`: exit code 0 when the file is complete, 2 when it is not. */
export function backupCommand(): Command {
  return new Command('backup')
    .description('write everything that the database holds into a file, while Postern runs or not')
    .argument('<file>', 'a file that does not exist yet, such as postern-2026-11-29.backup')
    .addHelpText('after', BACKUP_HELP)
    .action(async (file: string, _: unknown, command: Command) => {
      await runCommand(command, 'Could not make the backup', ({ report }) =>
        interruptible((stop) => makeBackup(resolve(file), report, stop)),
      );
    });
}

/** `postern restore`: exit code 0 when all was restored and checked, 1 when a check found something, 2 when nothing was restored. */
export function restoreCommand(): Command {
  return new Command('restore')
    .description('put a backup into an empty database, and check what came of it; Postern must not run on it')
    .argument('<file>', 'a file that `postern backup` has made')
    .addHelpText('after', RESTORE_HELP)
    .action(async (file: string, _: unknown, command: Command) => {
      await runCommand(command, `Could not restore ${file}`, (to) =>
        interruptible((stop) => restoreBackup(resolve(file), to, stop)),
      );
    });
}

async function makeBackup(file: string, report: (line: string) => void, stop: AbortSignal): Promise<void> {
  if (existsSync(file)) throw new Error(`${file} exists already, and is not overwritten. Name another file.`);
  if (!existsSync(dirname(file)))
    throw new Error(`There is no folder ${dirname(file)}. Make it, or name another file.`);
  const database = await openDatabase(process.env);
  try {
    const { rows } = await backup(database.url, file, report, stop);
    report(
      `${file} has ${sum(rows)} rows of ${Object.keys(rows).length} tables. Keep it as you keep the database: it is not encrypted.`,
    );
  } finally {
    await database.close();
  }
}

async function restoreBackup(file: string, to: Surroundings, stop: AbortSignal): Promise<void> {
  if (!existsSync(file)) throw new Error('There is no such file.');
  const settings = loadSettings(process.env);
  // Before anything is written, and before an embedded database is made.
  const { madeAt, journal } = await checkBackup(file, SCHEMAS, stop);
  to.report(`A backup of ${madeAt}, of the journal ${journal}`);
  const database = await openOrMakeDatabase(settings, async (ownerUrl) => {
    await withSession(ownerUrl, assertEmpty);
    await migrateAll(ownerUrl);
  });
  try {
    const { rows } = await restore(database.url, file, to.report, stop);
    to.report(`Restored: ${sum(rows)} rows of ${Object.keys(rows).length} tables`);
    if (!(await checkRestored(database.url, settings, to))) process.exitCode = 1;
  } finally {
    await database.stop();
  }
}

/** Says what each check found, and what to do next; false where one found something. */
async function checkRestored(url: string, settings: Settings, { output, report }: Surroundings): Promise<boolean> {
  const feed = await checkFeed(url);
  report(feedLine(feed));
  const keys = await checkKeys(url, operatorKeyAtHand(settings));
  report(keyLine(keys, settings));
  const equal = showComparisons(await compare(url, undefined, 3, () => undefined), output);
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
  return `${counts}. The operator key of this data folder or of POSTERN_OPERATOR_KEY is none of them: put one in its place`;
}

function operatorKeyAtHand({ operatorKey, dataDir }: Settings): string | null {
  if (operatorKey !== null) return operatorKey;
  const file = operatorKeyFile(dataDir);
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : null;
}

function sum(rows: Readonly<Record<string, number>>): number {
  return Object.values(rows).reduce((all, count) => all + count, 0);
}

const BACKUP_HELP = `
It reads the database itself: that of POSTERN_DATABASE_URL (as its owner), or the embedded one of POSTERN_DATA_DIR. All is of one
moment. The file has addresses of customers and hashes of API keys: it is made for your account alone.

Examples:
  postern backup postern-2026-11-29.backup`;

const RESTORE_HELP = `
Into the database of POSTERN_DATABASE_URL (as its owner), or a new embedded one in POSTERN_DATA_DIR. It must be empty. All is restored
or nothing. Then the feed, the API keys and the read models are checked. Owner, cluster and host may be others than before: this is
also the way from the embedded database to your own.

Examples:
  POSTERN_DATA_DIR=/srv/postern postern restore postern-2026-11-29.backup
  POSTERN_DATABASE_URL=postgresql://owner:password@db.example/postern postern restore postern-2026-11-29.backup`;

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { isEqual } from '@postern/read-models';
import { loadSettings } from '@postern/settings';
import { Command } from 'commander';
import { migrateAll, openDatabase as openOrMakeDatabase, SCHEMAS } from '../../../standalone/src/database.js';
import { openDatabase } from '../database/open-database.js';
import { comparisonTable } from '../read-models/comparison-table.js';
import { READ_MODEL_NAMES, READ_MODELS } from '../read-models/read-models.js';
import { tell, tellError } from '../read-models/tell.js';
import { backup } from './backup.js';
import { assertEmpty, catchUpWithXids, countKeys, readManifest, restore } from './restore.js';

/** `postern backup`: exit code 0 when the file is complete, 2 when it is not. */
export function backupCommand(): Command {
  return new Command('backup')
    .description('write everything that the database holds into a file, while Postern runs or not')
    .argument('<file>', 'a file that does not exist yet, such as postern-2026-11-29.backup')
    .addHelpText('after', BACKUP_HELP)
    .action((file: string) => endsWith2(`Could not make the backup`, () => makeBackup(resolve(file))));
}

/** `postern restore`: exit code 0 when all was restored and checked, 1 when a check found something, 2 when nothing was restored. */
export function restoreCommand(): Command {
  return new Command('restore')
    .description('put a backup into an empty database, and check what came of it; Postern must not run on it')
    .argument('<file>', 'a file that `postern backup` has made')
    .addHelpText('after', RESTORE_HELP)
    .action((file: string) => endsWith2(`Could not restore ${file}`, () => restoreBackup(resolve(file))));
}

async function makeBackup(file: string): Promise<void> {
  if (existsSync(file)) throw new Error(`${file} exists already, and is not overwritten. Name another file.`);
  const database = await openDatabase(process.env);
  try {
    const { rows } = await backup(database.url, file, tell);
    tell(
      `${file} has ${sum(rows)} rows of ${Object.keys(rows).length} tables. Keep it as you keep the database: it is not encrypted.`,
    );
  } finally {
    await database.close();
  }
}

async function restoreBackup(file: string): Promise<void> {
  const settings = loadSettings(process.env);
  const manifest = await readManifest(file, SCHEMAS);
  tell(`A backup of ${manifest.madeAt}, of the journal ${manifest.journal}`);
  const database = await openOrMakeDatabase(settings, async (ownerUrl) => {
    await assertEmpty(ownerUrl);
    await migrateAll(ownerUrl);
  });
  try {
    const { rows } = await restore(database.url, file, tell);
    tell(`Restored: ${sum(rows)} rows of ${Object.keys(rows).length} tables`);
    const behind = await catchUpWithXids(database.url);
    tell(
      `Transaction ids: ${behind === 0n ? 'the cluster is past those of the journal' : `${behind} used up, to get past those of the journal`}`,
    );
    const { live, operators } = await countKeys(database.url);
    tell(`API keys: ${live} work as before, ${operators} of them of operators`);
    const comparisons = [];
    const source = { url: database.url };
    for (const name of READ_MODEL_NAMES) comparisons.push(await READ_MODELS[name].verify(source, 3, () => undefined));
    process.stdout.write(`${comparisonTable(comparisons)}\n`);
    if (comparisons.every(isEqual)) tell('Every read model is as the journal has it. Start Postern.');
    else {
      process.exitCode = 1;
      tell('A read model is not as the journal has it: run `postern rebuild` with its name, then start Postern.');
    }
  } finally {
    await database.stop();
  }
}

async function endsWith2(what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    process.exitCode = 2;
    tellError(what, error, false);
  }
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
or nothing. Then transaction ids, API keys and read models are checked. Owner, cluster and host may be others than before: this is
also the way from the embedded database to your own.

Examples:
  POSTERN_DATA_DIR=/srv/postern postern restore postern-2026-11-29.backup
  POSTERN_DATABASE_URL=postgresql://owner:password@db.example/postern postern restore postern-2026-11-29.backup`;

import type { Command } from 'commander';
import { DeadLetter } from '@postern/audit-trail-service';
import { openDataSource } from '@postern/database';
import type { DataSource } from 'typeorm';
import { openDatabase } from '../database/open-database.js';
import { tellError } from '../read-models/tell.js';

/** The most letters that a command takes at once. */
export const MAX_LETTERS = 1_000;

/** Runs `work` on Postern's database, as the audit trail. What it throws is told, with exit code 2. */
export async function inAudit(
  command: Command,
  work: (audit: DataSource, options: { readonly json: boolean }) => Promise<void>,
): Promise<void> {
  const { json = false } = command.optsWithGlobals<{ json?: boolean }>();
  try {
    const database = await openDatabase(process.env);
    try {
      const audit = await openDataSource(database.url, 'postern_audit', { entities: [DeadLetter], poolSize: 2 });
      await work(audit, { json }).finally(() => audit.destroy());
    } finally {
      await database.close();
    }
  } catch (error) {
    process.exitCode = 2;
    tellError('Could not look at the dead letters', error, json);
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import { EVENT_TOPICS } from '@postern/event-bus';
import { JOURNAL_SOURCE, removeBookmarks } from '@postern/event-store';
import { QueryFailedError, type EntityManager } from 'typeorm';
import { withPartitions } from './copy-table.js';
import type { NextTables } from './next-tables.js';
import type { Report } from './read-model.js';

/** Readers wait behind this lock for this long at most. */
const LOCK_TIMEOUT_MS = 300;
const PAUSE_MS = 500;
const ATTEMPTS = 240;
const TRY_AGAIN = new Set(['55P03', '40P01']);

/**
 * The new tables replace the live ones in one short transaction. Waits two minutes at most for other users of the tables, such as a backup.
 * Returns the journal's position of the new tables. @throws if the tables were never free: run it again.
 */
export async function switchTables(next: NextTables, report: Report): Promise<number> {
  const { model, owner, rebuilding } = next;
  for (let n = 0; n < ATTEMPTS; n++) {
    await next.catchUp();
    if (rebuilding)
      await owner.transaction(async (manager) => {
        await next.useTables(manager);
        await rebuilding.beforeSwitch(manager);
      });
    const switched = await owner.transaction((manager) => trySwitch(manager, next)).catch(ifBusy);
    if (switched?.line) report(`${model.name}: ${switched.line}`);
    if (switched) return switched.position;
    await sleep(PAUSE_MS);
  }
  throw new Error(
    `The tables of ${model.name} were never free for ${LOCK_TIMEOUT_MS} ms: is a long query or a backup reading them? ` +
      'Run it again with --resume once that has ended.',
  );
}

/** Null if too much is left to apply. The locked tables do not change. New tables at the journal's end have everything that they have. */
async function trySwitch(manager: EntityManager, next: NextTables) {
  const { model, schema, rebuilding } = next;
  const live = model.tables.map(({ name }) => `${model.schema}.${name}`).join(', ');
  await manager.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`);
  await manager.query(`LOCK TABLE ${live} IN ACCESS EXCLUSIVE MODE`);
  if (!(await next.catchUpWithin(manager))) return null;
  const line = await rebuilding?.finish(manager);
  const { xid, position } = (await next.progress(manager)).feed;
  await manager.query(`DROP TABLE ${live}`);
  // Grants, policies and indexes move with a table; its partitions do not.
  for (const { name } of model.tables)
    for (const each of await withPartitions(manager, schema, name))
      await manager.query(`ALTER TABLE ${schema}.${each} SET SCHEMA ${model.schema}`);
  await manager.query(`DROP SCHEMA ${schema} CASCADE`);
  const checkpoints = `${model.schema}.checkpoints`;
  await manager.query(
    `INSERT INTO ${checkpoints} AS c (consumer, source, xid, position) VALUES ($1, $2, $3::xid8, $4)
     ON CONFLICT (consumer, source) DO UPDATE SET xid = excluded.xid, position = excluded.position, updated_at = clock_timestamp()`,
    [model.consumer, JOURNAL_SOURCE, xid, position],
  );
  // Messages deleted by a topic's retention are no loss: the read model has them from the journal.
  const deletes = EVENT_TOPICS.some(
    ({ topic, retentionMs }) => retentionMs !== null && model.topics.some((each) => each === topic),
  );
  if (deletes) await removeBookmarks(manager, checkpoints, model.consumer);
  return { position, line };
}

/** Null for a lock time-out or a deadlock: try again. */
function ifBusy(error: unknown): null {
  if (error instanceof QueryFailedError && TRY_AGAIN.has((error.driverError as { code?: string }).code ?? ''))
    return null;
  throw error;
}

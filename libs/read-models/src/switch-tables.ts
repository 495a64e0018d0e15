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
 * The new tables get the names of the live ones in one short transaction. Waits two minutes at most for other users of the tables, such as a
 * backup. Returns the journal's position of the new tables. @throws if the tables were never free: run it again.
 */
export async function switchTables(next: NextTables, report: Report): Promise<number> {
  const { model, owner, rebuilding } = next;
  const switched = await whenFree(model.name, async () => {
    await next.catchUp();
    if (rebuilding)
      await owner.transaction(async (manager) => {
        await next.useTables(manager);
        await rebuilding.beforeSwitch(manager);
      });
    return owner.transaction((manager) => trySwitch(manager, next));
  });
  if (switched.line) report(`${model.name}: ${switched.line}`);
  await dropOldTables(next);
  return switched.position;
}

/** Also drops what a killed rebuild left. A reader from before the switch may still use them. */
export async function dropOldTables({ owner, schema, model }: NextTables): Promise<void> {
  await whenFree(model.name, () =>
    owner.transaction(async (manager) => {
      await manager.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`);
      await manager.query(`DROP SCHEMA IF EXISTS ${schema}_old CASCADE`);
      return true;
    }),
  );
}

/** Repeats `attempt` after null, a lock time-out or a deadlock. */
async function whenFree<T>(name: string, attempt: () => Promise<T | null>): Promise<T> {
  for (let n = 0; n < ATTEMPTS; n++) {
    const done = await attempt().catch(ifBusy);
    if (done !== null) return done;
    await sleep(PAUSE_MS);
  }
  throw new Error(
    `The tables of ${name} were never free for ${LOCK_TIMEOUT_MS} ms: is a long query or a backup reading them? ` +
      'Run it again with --resume once that has ended.',
  );
}

/** The locked tables do not change. New tables at the journal's end have everything that they have. */
async function trySwitch(manager: EntityManager, next: NextTables) {
  const { model, schema, rebuilding } = next;
  const names = model.tables.map(({ name }) => name);
  await manager.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`);
  await manager.query(
    `LOCK TABLE ${names.map((name) => `${model.schema}.${name}`).join(', ')} IN ACCESS EXCLUSIVE MODE`,
  );
  if (!(await next.catchUpWithin(manager))) return null;
  const line = await rebuilding?.finish(manager);
  const { xid, position } = (await next.progress(manager)).feed;
  await manager.query(`CREATE SCHEMA ${schema}_old`);
  for (const name of names) {
    await move(manager, model.schema, `${schema}_old`, name);
    await move(manager, schema, model.schema, name);
  }
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

/** Grants, policies and indexes move with the table; its partitions do not. */
async function move(manager: EntityManager, from: string, to: string, name: string): Promise<void> {
  for (const each of await withPartitions(manager, from, name))
    await manager.query(`ALTER TABLE ${from}.${each} SET SCHEMA ${to}`);
}

function ifBusy(error: unknown): null {
  if (error instanceof QueryFailedError && TRY_AGAIN.has((error.driverError as { code?: string }).code ?? ''))
    return null;
  throw error;
}

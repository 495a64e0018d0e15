import { setTimeout as sleep } from 'node:timers/promises';
import { advanceCheckpoint, FEED_START, isBehind, loadCheckpoint, samePosition } from '@postern/event-store';
import { QueryFailedError, type EntityManager } from 'typeorm';
import { SOURCE, type Beside } from './beside.js';
import { withPartitions } from './copy-table.js';
import { loadLivePlace } from './live-place.js';

/** Who reads meanwhile waits behind us for no longer than this. */
const LOCK_TIMEOUT_MS = 300;
const PAUSE_MS = 500;
const ATTEMPTS = 240;
/** lock_not_available, deadlock_detected. */
const TRY_AGAIN = new Set(['55P03', '40P01']);

/**
 * Puts the tables beside in the live ones' place, caught up with the journal, in one short transaction: the old ones change the schema,
 * and the new ones come in under the same names. Whoever holds the tables, such as a backup, is waited for, two minutes at most.
 * The live consumer finds its checkpoint on the journal moved, also where it reads partitions, and goes on from there. Throws when there was no moment for it: run it again.
 */
export async function switchTables(beside: Beside): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    await beside.catchUp();
    if (await beside.owner.transaction((manager) => trySwitch(manager, beside)).catch(notNow)) return dropOld(beside);
    await sleep(PAUSE_MS);
  }
  throw new Error(
    `The tables of ${beside.model.name} were never free for ${LOCK_TIMEOUT_MS} ms: is a long query or a backup reading them? ` +
      'Nothing was changed. Run it again with --resume once that has ended.',
  );
}

/** What a rebuild left that was killed right after its switch. */
export async function dropOld({ owner, schema }: Pick<Beside, 'owner' | 'schema'>): Promise<void> {
  await owner.query(`DROP SCHEMA IF EXISTS ${schema}_old CASCADE`);
}

async function trySwitch(manager: EntityManager, beside: Beside): Promise<boolean> {
  const { model, schema } = beside;
  const names = model.tables.map(({ name }) => name);
  await manager.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`);
  await manager.query(
    `LOCK TABLE ${names.map((name) => `${model.schema}.${name}`).join(', ')} IN ACCESS EXCLUSIVE MODE`,
  );
  const checkpoints = `${model.schema}.checkpoints`;
  await manager.query(`SELECT FROM ${checkpoints} WHERE consumer = $1 FOR UPDATE`, [model.consumer]);
  const live = await loadLivePlace(manager, checkpoints, model.consumer, beside.partitions);
  const from = await loadCheckpoint(manager, checkpoints, model.consumer, SOURCE);
  if (!(await beside.catchUpWithin(manager))) return false;
  const to = await beside.position(manager);
  if (isBehind(live.end, to)) return false;
  await manager.query(`CREATE SCHEMA ${schema}_old`);
  for (const name of names) {
    await move(manager, model.schema, `${schema}_old`, name);
    await move(manager, schema, model.schema, name);
  }
  await manager.query(`DROP SCHEMA ${schema} CASCADE`);
  // Also where it stays: it is known from now on that all up to there was applied.
  if (!samePosition(to, FEED_START)) {
    await advanceCheckpoint(manager, checkpoints, { consumer: model.consumer, source: SOURCE, from, to });
  }
  return true;
}

/** Rights, policies and indexes go with the table; its partitions do not. */
async function move(manager: EntityManager, from: string, to: string, name: string): Promise<void> {
  for (const each of await withPartitions(manager, from, name)) {
    await manager.query(`ALTER TABLE ${from}.${each} SET SCHEMA ${to}`);
  }
}

function notNow(error: unknown): false {
  if (error instanceof QueryFailedError && TRY_AGAIN.has((error.driverError as { code?: string }).code ?? ''))
    return false;
  throw error;
}

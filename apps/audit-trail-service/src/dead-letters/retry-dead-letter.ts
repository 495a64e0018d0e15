import { decodeEvent, EventNewerThanProgram, MessageUnreadable, upcast, type Recorded } from '@postern/contracts';
import type { DataSource, EntityManager, QueryDeepPartialEntity } from 'typeorm';
import { denialRow } from '../denials/record/denial-row.js';
import { DenialMonths } from '../denials/record/denial-months.js';
import { insertDenials } from '../denials/record/insert-denials.js';
import { recordArrivals } from '../denials/record/record-arrivals.js';
import { loadDenialRetention, NEVER } from '../denials/retention/denial-retention.js';
import { actionOf, DeadLetter, type OnBehalfOf } from './dead-letter.entity.js';
import { findDeadLetter } from './dead-letters.js';

/** `known`: the denial is already recorded and is not counted again. */
export type Retried =
  | { readonly outcome: 'recorded' | 'known' }
  | { readonly outcome: 'unreadable'; readonly reason: string }
  | { readonly outcome: 'not-waiting' };

/** Counts once even if several retry: settled in the transaction of its effect. `audit`: as `postern_audit`. */
export async function retryDeadLetter(audit: DataSource, id: string, by: OnBehalfOf): Promise<Retried> {
  const letter = await findDeadLetter(audit, id);
  if (letter?.state !== 'waiting') return { outcome: 'not-waiting' };
  const row = read(letter);
  const { keptFrom } = await loadDenialRetention(audit);
  // Before the transaction: its locks must not be held during it.
  if (!('why' in row)) {
    await new DenialMonths(audit).prepare([row.occurred_at].filter((time) => time >= keptFrom));
  }
  return audit.transaction(async (manager): Promise<Retried> => {
    if (!(await waits(manager, id))) return { outcome: 'not-waiting' };
    if ('why' in row) {
      await retried(manager, id, by, { reason: row.why });
      return { outcome: 'unreadable', reason: row.why };
    }
    // It is recorded after newer denials of its address and is settled once, so its position does not show a repeat.
    const { counted, stored } = await insertDenials(manager, [row], { keptFrom, droppedBefore: NEVER });
    await retried(manager, id, by, { state: 'settled', tenantId: row.tenant_id });
    await recordArrivals(manager, stored);
    return { outcome: counted === 1 ? 'recorded' : 'known' };
  });
}

function read(letter: DeadLetter): ReturnType<typeof denialRow> | { readonly why: string } {
  try {
    return denialRow(eventOf(letter));
  } catch (error) {
    if (error instanceof MessageUnreadable || error instanceof EventNewerThanProgram) return { why: error.message };
    throw error;
  }
}

function eventOf({ topic, key, value, event }: DeadLetter): Recorded {
  if (event === null) return decodeEvent({ topic, key, value }).event;
  const recorded = event as Recorded;
  return { ...recorded, data: upcast(recorded.type, recorded.schemaVersion, recorded.data) } as Recorded;
}

async function waits(manager: EntityManager, id: string): Promise<boolean> {
  const letter = await manager.findOne(DeadLetter, {
    where: { id, state: 'waiting' },
    lock: { mode: 'pessimistic_write' },
  });
  return letter !== null;
}

async function retried(
  manager: EntityManager,
  id: string,
  by: OnBehalfOf,
  change: QueryDeepPartialEntity<DeadLetter>,
): Promise<void> {
  const now = { retriedAt: () => 'clock_timestamp()', retries: () => 'retries + 1' };
  await manager.update(DeadLetter, { id }, { ...change, ...now, lastAction: actionOf('retry', by) });
}

import { decodeEvent, EventNewerThanProgram, MessageUnreadable, upcast, type Recorded } from '@postern/contracts';
import type { DataSource } from 'typeorm';
import { denialRow, isUnreadable, type DenialRow } from '../denials/record/denial-row.js';
import { insertDenials } from '../denials/record/insert-denials.js';
import { recordArrivals } from '../denials/record/record-arrivals.js';
import { loadDenialRetention, NEVER } from '../retention/denial-retention.js';
import { actionOf, DeadLetter, findDeadLetter, type OnBehalfOf } from './dead-letters.js';

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
  return audit.transaction(async (manager): Promise<Retried> => {
    const change = typeof row === 'string' ? { reason: row } : ({ state: 'settled', tenantId: row.tenant_id } as const);
    const now = {
      retriedAt: () => 'clock_timestamp()',
      retries: () => 'retries + 1',
      lastAction: actionOf('retry', by),
    };
    const { affected } = await manager.update(DeadLetter, { id, state: 'waiting' }, { ...change, ...now });
    if (affected !== 1) return { outcome: 'not-waiting' };
    if (typeof row === 'string') return { outcome: 'unreadable', reason: row };
    // It is recorded after newer denials of its address and is settled once, so its position does not show a repeat.
    const { keptFrom } = await loadDenialRetention(manager);
    const { counted, stored } = await insertDenials(manager, [row], { keptFrom, droppedBefore: NEVER });
    await recordArrivals(manager, stored);
    return { outcome: counted === 1 ? 'recorded' : 'known' };
  });
}

/** The denial, or why it cannot be read. */
function read({ topic, key, value, event }: DeadLetter): DenialRow | string {
  try {
    const row = denialRow(event === null ? decodeEvent({ topic, key, value }) : lifted(event as Recorded));
    return isUnreadable(row) ? row.why : row;
  } catch (error) {
    if (error instanceof MessageUnreadable || error instanceof EventNewerThanProgram) return error.message;
    throw error;
  }
}

function lifted(event: Recorded): Recorded {
  return { ...event, data: upcast(event.type, event.schemaVersion, event.data) } as Recorded;
}

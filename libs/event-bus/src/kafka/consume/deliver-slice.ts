import { advancePartitionCheckpoint, CheckpointMoved, notInJournal, samePosition } from '@postern/event-store';
import type { EntityManager } from 'typeorm';
import { deliverBatch } from '../../deliver-batch.js';
import type { Subscription } from '../../event-bus.js';
import type { Partition, Slice } from './partition.js';

/**
 * Hands a slice's events to the handler, and puts what is unreadable aside in the same transaction. Where there is nothing but
 * that, or what was applied under the floor, the transaction is made here; where there is nothing at all, nothing happens.
 * `partitions`: of the topic. `cut`: the journal does not have one of the events, and what comes before that is to be taken again.
 * Throws what the handler throws.
 */
export async function deliverSlice(
  subscription: Subscription,
  partition: Partition,
  slice: Slice,
  partitions: number,
): Promise<'handled' | 'moved' | 'cut'> {
  const { events, unreadable, to } = slice;
  const { consumer, checkpoints } = subscription;
  const moves = unreadable.length > 0 || !samePosition(to.position, partition.stored.position);
  if (events.length === 0 && !moves) return 'handled';
  const ids = events.map(({ eventId }) => eventId);
  const missing = await notInJournal(checkpoints.dataSource, ids);
  if (missing.size > 0) {
    partition.haltBefore(slice, missing);
    return 'cut';
  }
  const move = async (manager: EntityManager) => {
    const { source, stored: from } = partition;
    await advancePartitionCheckpoint(manager, checkpoints.table, { consumer, source, from, to, partitions });
    for (const message of unreadable) await subscription.park?.(manager, message);
  };
  const result =
    events.length > 0
      ? await deliverBatch(subscription, { events, move })
      : await checkpoints.dataSource.transaction(move).then(() => 'handled' as const, passMoved);
  if (result === 'handled') partition.applied(to);
  return result;
}

function passMoved(error: unknown): 'moved' {
  if (error instanceof CheckpointMoved) return 'moved';
  throw error;
}

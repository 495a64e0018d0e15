import type { Recorded } from '@postern/contracts';
import { CheckpointMoved } from '@postern/event-store';
import type { EntityManager } from 'typeorm';
import { CheckpointNotAdvanced, type EventBatch, type Subscription } from './event-bus.js';
import { EventsMissing } from './stream-version.js';

/** `advance` moves the checkpoint over `count` events in the transaction of their effects; or `CheckpointMoved`. */
export interface PositionedBatch {
  readonly events: readonly Recorded[];
  move(manager: EntityManager, count: number): Promise<void>;
}

type Handler = Pick<Subscription, 'consumer'> & { handle(batch: EventBatch): Promise<void> };

/**
 * `moved`: another instance has moved the checkpoint, so load it again. After `EventsMissing`, the events before the gap are handled. So two
 * partitions that wait for each other's earlier events both advance to their gap, and the one with the earliest event has none.
 * @throws the handler's error, `CheckpointNotAdvanced`: the batch must be repeated.
 */
export async function deliverBatch(handler: Handler, batch: PositionedBatch): Promise<'handled' | 'moved'> {
  try {
    return await handOver(handler, batch);
  } catch (error) {
    if (!(error instanceof EventsMissing)) throw error;
    const gap = batch.events.findIndex(({ eventId }) => eventId === error.event.eventId);
    if (gap > 0 && (await deliverBatch(handler, { ...batch, events: batch.events.slice(0, gap) })) === 'moved')
      return 'moved';
    throw error;
  }
}

async function handOver({ consumer, handle }: Handler, batch: PositionedBatch): Promise<'handled' | 'moved'> {
  let advanced = false;
  let moved = false;
  try {
    await handle({
      events: batch.events,
      advance: async (manager) => {
        advanced = true;
        await batch.move(manager, batch.events.length).catch((error: unknown) => {
          moved = error instanceof CheckpointMoved;
          throw error;
        });
      },
    });
  } catch (error) {
    // The handler may have wrapped the error, so its type says nothing.
    if (moved) return 'moved';
    throw error;
  }
  if (moved) return 'moved';
  if (!advanced) throw new CheckpointNotAdvanced(consumer);
  return 'handled';
}

import type { Recorded } from '@postern/contracts';
import { CheckpointMoved } from '@postern/event-store';
import type { EntityManager } from 'typeorm';
import { CheckpointAdvancedTwice, CheckpointNotAdvanced, type EventBatch, type Subscription } from './event-bus.js';

/** Events, and how the checkpoint moves over them: in the transaction of their effects, or with `CheckpointMoved`. */
export interface PlacedBatch {
  readonly events: readonly Recorded[];
  move(manager: EntityManager): Promise<void>;
}

/**
 * Hands a batch to the subscription's handler. `moved`: another instance has handled it, load the checkpoint again.
 * Throws what the handler threw, `CheckpointNotAdvanced` or `CheckpointAdvancedTwice`: the batch must come again.
 */
export async function deliverBatch(
  { consumer, handle }: Pick<Subscription, 'consumer'> & { handle(batch: EventBatch): Promise<void> },
  batch: PlacedBatch,
): Promise<'handled' | 'moved'> {
  let advanced = 0;
  let moved = false;
  try {
    await handle({
      events: batch.events,
      advance: async (manager) => {
        advanced += 1;
        if (advanced > 1) throw new CheckpointAdvancedTwice(consumer);
        await batch.move(manager).catch((error: unknown) => {
          moved = error instanceof CheckpointMoved;
          throw error;
        });
      },
    });
  } catch (error) {
    // Looked at here and not in the error: a handler may have wrapped it.
    if (moved) return 'moved';
    throw error;
  }
  if (moved) return 'moved';
  if (advanced === 0) throw new CheckpointNotAdvanced(consumer);
  return 'handled';
}

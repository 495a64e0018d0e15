import type { Recorded } from '@postern/contracts';
import { advanceCheckpoint, CheckpointMoved, type FeedPosition } from '@postern/event-store';
import { CheckpointAdvancedTwice, CheckpointNotAdvanced, type Subscription } from './event-bus.js';

/** A batch with its place in the source (the journal, or a topic's partition). */
export interface PlacedBatch {
  readonly source: string;
  readonly events: readonly Recorded[];
  readonly from: FeedPosition;
  readonly to: FeedPosition;
}

/**
 * Hands a batch to the subscription's handler. `moved`: another instance has handled it, load the checkpoint again.
 * Throws what the handler threw, `CheckpointNotAdvanced` or `CheckpointAdvancedTwice`: the batch must come again.
 */
export async function deliverBatch(subscription: Subscription, batch: PlacedBatch): Promise<'handled' | 'moved'> {
  const { consumer, checkpoints } = subscription;
  const { source, from, to } = batch;
  let advanced = 0;
  let moved = false;
  try {
    await subscription.handle({
      events: batch.events,
      advance: async (manager) => {
        advanced += 1;
        if (advanced > 1) throw new CheckpointAdvancedTwice(consumer);
        await advanceCheckpoint(manager, checkpoints.table, { consumer, source, from, to }).catch((error: unknown) => {
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

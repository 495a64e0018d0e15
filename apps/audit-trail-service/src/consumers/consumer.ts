import type { EventBatch } from '@postern/event-bus';
import type { Topic } from '@postern/contracts';

/** What takes events of some topics into the schema `audit`, each once in effect. */
export interface Consumer {
  /** Its name in `audit.checkpoints`. */
  readonly name: string;
  readonly topics: readonly Topic[];
  readonly maxBatch: number;
  /** Writes the batch's effects and moves the checkpoint, in one transaction. */
  handle(batch: EventBatch): Promise<void>;
}

/** Where the consumers of this service keep how far they have come. */
export const CHECKPOINTS = 'audit.checkpoints';

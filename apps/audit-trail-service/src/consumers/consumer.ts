import type { EventBatch, UnreadableMessage } from '@postern/event-bus';
import type { Topic } from '@postern/contracts';
import type { EntityManager } from 'typeorm';

/** What takes events of some topics into the schema `audit`, each once in effect. */
export interface Consumer {
  /** Its name in `audit.checkpoints`. */
  readonly name: string;
  readonly topics: readonly Topic[];
  readonly maxBatch: number;
  /** Writes the batch's effects and moves the checkpoint, in one transaction. */
  handle(batch: EventBatch): Promise<void>;
  /** Puts a message aside that cannot be read, in the transaction that moves the checkpoint over it. Without it the consumer halts there. */
  park?(manager: EntityManager, message: UnreadableMessage): Promise<void>;
}

/** Where the consumers of this service keep how far they have come. */
export const CHECKPOINTS = 'audit.checkpoints';

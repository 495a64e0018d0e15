import type { JournalId, Topic } from '@postern/contracts';

/** The least that brokers take unless told: so soon the others go on where an instance was killed. */
export const SESSION_TIMEOUT_MS = 6_000;

export interface TopicConsumerSettings {
  readonly topicPrefix: string;
  /** A member of which nothing is heard for so long loses its partitions to others. */
  readonly sessionTimeoutMs: number;
  readonly retryFirstMs: number;
  readonly retryLongestMs: number;
  /** A gap in a stream that lasts for so long counts as halted. */
  readonly gapHaltsAfterMs: number;
  readonly stopWithinMs: number;
  readonly onFailure: (consumer: string, error: Error) => void;
  /** Makes the topics, or checks them. */
  readonly ensureTopics: (topics: readonly Topic[]) => Promise<void>;
  readonly explain: (error: unknown) => Error;
}

export interface SessionSettings extends TopicConsumerSettings {
  /** Of the database in which the events take effect. */
  readonly journal: JournalId;
}

export interface SessionEvents {
  /** An attempt failed, and is made again. */
  failed(error: Error): Error;
  joined(): void;
  /** All partitions of the consumer have caught up, those of other instances too. */
  caughtUp(): void;
}

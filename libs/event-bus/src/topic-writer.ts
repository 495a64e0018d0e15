import type { JournalId } from '@postern/contracts';

/** A message of a topic that is written from a table, and not from the journal. */
export interface TopicMessage {
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Writes one topic, as the only one who does. */
export interface TopicWriter {
  /**
   * Takes the topic over, which is made where it is missing: what a former writer still sends is refused from here on. Says whether it
   * holds nothing, as after it was deleted. Throws `WriteRefused`, also where it holds what was made of another journal, whose
   * writer it then leaves alone; or an error that may pass.
   */
  open(journal: JournalId): Promise<'empty' | 'filled'>;
  /** Resolves when all are durable, in this order per key. Where it throws, readers of what is committed see none: close it, and begin anew. */
  write(messages: readonly TopicMessage[]): Promise<void>;
  close(): Promise<void>;
}

/** No repeat mends it: a login that is refused, a topic with the wrong settings or of another database, a message that is too large. */
export class WriteRefused extends Error {
  override readonly name = 'WriteRefused';
}

import type { Place } from './journal-errors.js';

/** The partition holds a message that can't be read, on a topic of which none may be left out: it halts there until somebody acts. */
export class PartitionHalted extends Error {
  override readonly name = 'PartitionHalted';
  constructor({ topic, partition, offset }: Place, cause: Error) {
    super(
      `Partition ${partition} of ${topic} halts at offset ${offset}. ${cause.message} No event may be left out here. ` +
        'If a later release wrote it, start that; if not, fill the topic anew from the journal with `postern republish`.',
      { cause },
    );
  }
}

/** The partition does not hold what comes next: the consumer would pass over events without knowing. */
export class EventsNotInTopic extends Error {
  override readonly name = 'EventsNotInTopic';
  constructor({ topic, partition, offset }: Place, why: string) {
    super(
      `Partition ${partition} of ${topic} does not hold what comes behind offset ${offset}, up to which it was handled: ${why}. ` +
        'Fill the topic anew from the journal with `postern republish`, or make the read model anew with `postern rebuild`.',
    );
  }
}

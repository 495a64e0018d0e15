import type { MessagePlace } from '../topics/journal-errors.js';

/** The partition holds a message that can't be read, on a topic of which none may be left out: it halts there until somebody acts. */
export class PartitionHalted extends Error {
  override readonly name = 'PartitionHalted';
  constructor({ topic, partition, offset }: MessagePlace, cause: Error) {
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
  constructor({ topic, partition, offset }: MessagePlace, why: string, otherwise?: string) {
    super(
      `Partition ${partition} of ${topic} does not hold what comes behind offset ${offset}, up to which it was handled: ${why}. ` +
        `Fill the topic anew from the journal with \`postern republish\`${otherwise === undefined ? '' : `, ${otherwise}`}.`,
    );
  }
}

/** The topics have another number of partitions than those in which the consumer's checkpoints were made: they say nothing of these. */
export class PartitionsChanged extends Error {
  override readonly name = 'PartitionsChanged';
  constructor(consumer: string, found: number, wanted: number) {
    super(
      `The checkpoints of ${consumer} were made in topics of ${found} partitions, and POSTERN_KAFKA_PARTITIONS is ${wanted}: events would be ` +
        `applied twice or out of order. Set it to ${found} again; or stop the services, run \`postern repartition\`, and start them.`,
    );
  }
}

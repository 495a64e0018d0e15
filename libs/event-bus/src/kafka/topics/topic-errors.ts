import type { MessageOfAnotherJournal } from '@postern/contracts';

export interface MessagePosition {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

abstract class NeedsAction extends Error {
  readonly permanent = true;
}

export class TopicOfAnotherJournal extends NeedsAction {
  override readonly name = 'TopicOfAnotherJournal';
  constructor(
    { topic, partition, offset }: MessagePosition,
    { theirs, ours }: Pick<MessageOfAnotherJournal, 'theirs' | 'ours'>,
  ) {
    super(
      `Partition ${partition} of ${topic} has at offset ${offset} a message of the journal ${theirs}; this database’s is ${ours}. Two ` +
        'databases use one broker; messages of the other one have no effect here. Set POSTERN_KAFKA_BROKERS to a broker ' +
        'of its own. If the topics belong to a database that no longer exists, delete them, start again, and fill them with ' +
        '`postern republish`.',
    );
  }
}

/** The topic has an event that the journal lacks. The next events of the journal would have the same versions. */
export class TopicAheadOfJournal extends NeedsAction {
  override readonly name = 'TopicAheadOfJournal';
  constructor({ topic, partition, offset }: MessagePosition, eventId: string) {
    super(
      `The journal of this database does not have the event ${eventId} at offset ${offset} of partition ${partition} of ${topic}, so nothing ` +
        'is sent. If the database was restored from a backup, stop the services, run `postern republish` for all topics and `postern rebuild` ' +
        'for each read model, and start them (docs/backup.md, "After a restore"). If it is a copy of one that uses this broker, give ' +
        'the copy its own broker.',
    );
  }
}

/** A topic without retention has lost its events. If they were refilled later, new events would be before them. */
export class TopicEmptied extends NeedsAction {
  override readonly name = 'TopicEmptied';
  constructor(topics: readonly string[]) {
    super(
      `The published events are missing in ${topics.join(' and ')}: the topic was deleted, or the broker has lost its data. Newer events of ` +
        `all topics wait. Fill it again from the journal: \`postern republish ${topics.map(shortName).join(' ')}\`. If the broker has ` +
        'lost everything, name `auth-denials` and `relay-policies` too.',
    );
  }
}

function shortName(topic: string): string {
  return topic.replace(/^postern\./, '').replace(/\.v\d+$/, '');
}

export class TopicSettingsWrong extends NeedsAction {
  override readonly name = 'TopicSettingsWrong';
  constructor(topic: string, setting: string, found: string, required: string) {
    super(
      `The Kafka topic ${topic} has ${setting} ${found}, and Postern needs ${required}. Change the topic, or delete it and fill it again ` +
        'with `postern republish`; then start again.',
    );
  }
}

export class PartitionHalted extends NeedsAction {
  override readonly name = 'PartitionHalted';
  constructor({ topic, partition, offset }: MessagePosition, cause: Error) {
    super(
      `Partition ${partition} of ${topic} halts at offset ${offset}. ${cause.message} No event of this topic may be skipped. ` +
        'If a later release wrote it, start that release. If not, fill the topic again from the journal with `postern republish`.',
      { cause },
    );
  }
}

export class MessagesDeleted extends NeedsAction {
  override readonly name = 'MessagesDeleted';
  constructor({ topic, partition, offset }: MessagePosition, low: number, remedy: string) {
    super(
      `The consumer has read partition ${partition} of ${topic} up to offset ${offset}, but the partition now begins at ${low}: messages were ` +
        `deleted before they were read. To get them back, ${remedy}.`,
    );
  }
}

export class MessageTooLarge extends NeedsAction {
  override readonly name = 'MessageTooLarge';
  constructor(topic: string, bytes: number, streamId: string, cause: unknown) {
    super(
      `An event of ${streamId} has ${bytes} bytes, which is too large for ${topic}. The events after it wait. ` +
        'Raise max.message.bytes of the topic (and message.max.bytes of the brokers). Postern then sends it.',
      { cause },
    );
  }
}

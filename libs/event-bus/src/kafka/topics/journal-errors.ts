import type { MessageOfAnotherJournal } from '@postern/contracts';

/** Where a message stands, as it is told. */
export interface MessagePlace {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** A topic holds what another database’s journal says: taken for one, a restriction of either would be mixed with the other’s. */
export class TopicOfAnotherJournal extends Error {
  override readonly name = 'TopicOfAnotherJournal';
  constructor(
    { topic, partition, offset }: MessagePlace,
    { theirs, ours }: Pick<MessageOfAnotherJournal, 'theirs' | 'ours'>,
  ) {
    super(
      `Partition ${partition} of ${topic} holds at offset ${offset} what is of the journal ${theirs}; this database’s is ${ours}. Two ` +
        'databases were given one broker, and nothing of the other’s takes effect here. Set POSTERN_KAFKA_BROKERS to a broker ' +
        'of its own; or, where the topics are left over from a database that is gone, delete them and have them filled anew ' +
        'with `postern republish`; then start again.',
    );
  }
}

/** An event that the journal does not have: the database is older than the topic. Its next events would be taken for ones that were applied. */
export class EventNotInJournal extends Error {
  override readonly name = 'EventNotInJournal';
  constructor(
    readonly place: MessagePlace,
    eventId: string,
  ) {
    const { topic, partition, offset } = place;
    super(
      `Partition ${partition} of ${topic} holds at offset ${offset} the event ${eventId}, which this database’s journal does not have. ` +
        'The database is from before it (a backup, or a stand-by that had not got all), or a copy of one that uses this broker. ' +
        'Nothing of it takes effect. Have the topic made anew from the journal with `postern republish`, or give the copy a ' +
        'broker of its own; then start again.',
    );
  }
}

import { splitStreamId, TOPIC_OF_CATEGORY, type Recorded, type Topic } from '@postern/contracts';
import { partitionOf } from '@postern/event-bus';
import { FEED_START, isBehind, JOURNAL_SOURCE, type FeedPosition } from '@postern/event-store';
import type { DataSource, EntityManager } from 'typeorm';

/** Which events a live consumer has applied. With Kafka it comes on partition by partition, so that is no one place of the feed. */
export interface LivePlace {
  /** Nothing that lies behind it was applied. */
  readonly end: FeedPosition;
  covers(event: Recorded, xid: string): boolean;
  /** All of the topics' events up to there were applied. */
  wholeUpTo(topics: readonly Topic[]): FeedPosition;
  /** Two of the same consumer are the same place where these are equal. */
  readonly text: string;
}

/** `POSTERN_KAFKA_PARTITIONS` is not what the services have: it would be taken for wrong what is right. */
export class PartitionsUnknown extends Error {
  override readonly name = 'PartitionsUnknown';
  constructor(consumer: string, partitions: number) {
    super(
      `${consumer} reads topics that have not ${partitions} partitions. Set POSTERN_KAFKA_BROKERS and POSTERN_KAFKA_PARTITIONS ` +
        'as the services have them, and run it again. Nothing was changed.',
    );
  }
}

interface Stands {
  readonly source: string;
  readonly xid: string;
  readonly position: string;
}

/**
 * Where the consumer stands, by its checkpoints in `table`: on the journal's own feed, and where there are any on the partitions of
 * its topics, `partitions` of each. An event was applied if its partition's checkpoint or that of the journal has come to it.
 */
export async function loadLivePlace(
  from: DataSource | EntityManager,
  table: string,
  consumer: string,
  partitions: number,
): Promise<LivePlace> {
  const places = await standsAt(from, table, consumer);
  const journal = places.get(JOURNAL_SOURCE) ?? FEED_START;
  return {
    end: [...places.values()].reduce((last, each) => (isBehind(each, last) ? each : last), journal),
    covers: (event, xid) => {
      const place = { xid, position: event.position };
      if (!isBehind(place, journal)) return true;
      const partition = places.get(sourceOf(event.streamId, partitions));
      return partition !== undefined && !isBehind(place, partition);
    },
    wholeUpTo: (topics) =>
      topics
        .flatMap((topic) => Array.from({ length: partitions }, (_, i) => places.get(`${topic}/${i}`) ?? FEED_START))
        .map((place) => (isBehind(journal, place) ? journal : place))
        .reduce((first, place) => (isBehind(first, place) ? place : first)),
    text: JSON.stringify([...places]),
  };
}

/**
 * Throws `PartitionsUnknown` where a checkpoint's own event does not belong into its partition, of so many. `feed` is connected as
 * `postern_feed`.
 */
export async function assertPartitions(
  feed: DataSource,
  live: DataSource,
  table: string,
  consumer: string,
  partitions: number,
): Promise<void> {
  const places = await standsAt(live, table, consumer);
  const journal = places.get(JOURNAL_SOURCE) ?? FEED_START;
  for (const [source, { xid, position }] of places) {
    // What lies before the journal's checkpoint need not be an event of that partition, and decides nothing.
    if (!isBehind({ xid, position }, journal)) continue;
    const [event] = await feed.query<{ stream: string }[]>(
      'SELECT stream_id AS stream FROM journal.events WHERE xid = $1::xid8 AND position = $2',
      [xid, position],
    );
    if (event && sourceOf(event.stream, partitions) !== source) throw new PartitionsUnknown(consumer, partitions);
  }
}

async function standsAt(
  from: DataSource | EntityManager,
  table: string,
  consumer: string,
): Promise<ReadonlyMap<string, FeedPosition>> {
  const rows = await from.query<Stands[]>(
    `SELECT source, xid::text, position FROM ${table} WHERE consumer = $1 ORDER BY source`,
    [consumer],
  );
  return new Map(rows.map(({ source, xid, position }) => [source, { xid, position: Number(position) }]));
}

/** The checkpoint that an event of the stream moves, as the bus names it. */
function sourceOf(streamId: string, partitions: number): string {
  const { category, subject } = splitStreamId(streamId);
  return `${TOPIC_OF_CATEGORY[category]}/${partitionOf(subject, partitions)}`;
}

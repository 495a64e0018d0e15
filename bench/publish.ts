/**
 * From the journal to Kafka: the publisher over a journal that is full, and, side by side in the same run and on the same broker,
 * a bare kafkajs producer that sends the same bytes to the same number of partitions. They alternate; the medians of the rounds.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeEvent, TOPICS, type EventMessage } from '@postern/contracts';
import { migrate, openDataSource, roleUrl } from '@postern/database';
import { startKafkaBroker } from '@postern/embedded-kafka';
import { startEmbeddedPostgres } from '@postern/embedded-postgres';
import { EventPublisher, type KafkaSettings } from '@postern/event-bus';
import { FEED_START, journalSchema, loadJournalId, readFeed } from '@postern/event-store';
import { KAFKA_CACHE } from '@postern/testing';
import { bareProducer } from './publish-parts/bare-producer.js';
import { fillJournal } from './publish-parts/fill-journal.js';

const EVENTS = Number(process.env['BENCH_EVENTS'] ?? 60_000);
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 3);
const PAGE = 1_000;

export async function run(): Promise<{
  bench: string;
  figures: Record<string, number>;
  ratios: Record<string, number>;
}> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-bench-'));
  await chmod(folder, 0o711);
  const server = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres') });
  const broker = await startKafkaBroker({ dataDir: join(folder, 'kafka'), cacheDir: KAFKA_CACHE });
  const kafka: KafkaSettings = {
    brokers: [broker.address],
    tls: null,
    sasl: null,
    partitions: 12,
    replication: null,
  };
  try {
    return await compare(server.url(), kafka);
  } finally {
    await broker.stop();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function compare(url: string, kafka: KafkaSettings): Promise<Awaited<ReturnType<typeof run>>> {
  await migrate(url, journalSchema);
  await fillJournal(url, EVENTS);
  const feed = await openDataSource(url, 'postern_feed', { poolSize: 4 });
  const journal = await loadJournalId(feed);
  const pages: EventMessage[][] = [];
  for (let after = FEED_START, more = true; more;) {
    const page = await readFeed(feed, after, PAGE);
    pages.push(page.events.map((event) => encodeEvent(event, journal)));
    after = page.position;
    more = page.more;
  }
  const published: number[] = [];
  const bare: number[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    published.push(await publish(url, kafka, `round-${round}.`));
    bare.push(await send(kafka, pages, `round-${round}.`));
    console.log(`round ${round}: publisher ${published.at(-1)}/s   bare producer ${bare.at(-1)}/s`);
  }
  await feed.destroy();
  const [publisher, producer] = [median(published), median(bare)];
  return {
    bench: 'publish',
    figures: { events: EVENTS, publisherPerSecond: publisher, bareProducerPerSecond: producer },
    ratios: { timesBareProducer: Number((publisher / producer).toFixed(2)) },
  };
}

/** Events a second, from the first that is read to the last that every replica has. */
async function publish(url: string, kafka: KafkaSettings, topicPrefix: string): Promise<number> {
  const feed = await openDataSource(url, 'postern_feed', { poolSize: 4 });
  await feed.query('DELETE FROM journal.checkpoints');
  let [began, sent] = [0, 0];
  const { promise: published, resolve } = Promise.withResolvers<void>();
  const publisher = new EventPublisher({
    kafka,
    feed,
    feedUrl: roleUrl(url, 'postern_feed'),
    topicPrefix,
    onPublished: (events) => {
      began ||= performance.now();
      sent += events;
      if (sent >= EVENTS) resolve();
    },
    onFailure: (error) => console.error(error.message),
  });
  await publisher.start();
  await published;
  // The first page is the start of the clock: it also connects.
  const perSecond = ((EVENTS - PAGE) * 1_000) / (performance.now() - began);
  await publisher.stop();
  await feed.destroy();
  return Math.round(perSecond);
}

/** The same bytes, by the same client and with the same promises, page by page. */
async function send(kafka: KafkaSettings, pages: readonly EventMessage[][], topicPrefix: string): Promise<number> {
  const producer = await bareProducer(kafka);
  const topic = topicPrefix + TOPICS.smtpUsers;
  let began = 0;
  for (const page of pages) {
    await producer.send(topic, page);
    began ||= performance.now();
  }
  const perSecond = ((EVENTS - PAGE) * 1_000) / (performance.now() - began);
  await producer.stop();
  return Math.round(perSecond);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

import { newId, TOPICS } from '@postern/contracts';
import { roleUrl } from '@postern/database';
import { FEED_START, loadJournalId, readFeed } from '@postern/event-store';
import type { Kafka } from 'kafkajs';
import { EventPublisher, type EventPublisherOptions } from '../publish/event-publisher.js';
import { kafkaClient, type KafkaSettings } from '../client/kafka-client.js';
import { KafkaEventBus, type KafkaEventBusOptions } from '../kafka-event-bus.js';
import { EventSender } from '../publish/send-events.js';
import { partitionOf } from '../topics/read-topics.js';
import { busWorld, type BusWorld, type JournalAccess } from '../../testing/bus-world.js';

/** A bus world whose events a publisher moves to topics of its own. */
export interface KafkaWorld extends BusWorld {
  readonly kafka: KafkaSettings;
  readonly client: Kafka;
  /** In front of the topics' and the groups' names. */
  readonly topicPrefix: string;
  readonly journal: JournalAccess;
  /** The one that runs; undefined where the test starts its own. */
  readonly publishes: EventPublisher | undefined;
  bus(options?: Partial<KafkaEventBusOptions>): KafkaEventBus;
  /** Another publisher of the same journal, which is not started. */
  publisher(options?: Partial<EventPublisherOptions>): EventPublisher;
  /** Sends the stream's last event, as a publisher could that does not know yet that the topic was recreated. */
  sendLast(stream: string): Promise<void>;
}

/** Of each topic. */
const PARTITIONS = 3;

/** Streams of new SMTP users, `each` in every partition. Of 12 random ids, one time in 40 a partition gets none. */
export function usersInEveryPartition(each: number): readonly string[] {
  const ids = Array.from({ length: PARTITIONS }, (): string[] => []);
  while (ids.some(({ length }) => length < each)) {
    const id = newId();
    const ofPartition = ids[partitionOf(id, PARTITIONS)] ?? [];
    if (ofPartition.length < each) ofPartition.push(id);
  }
  return ids.flat().map((id) => `smtp-user/${id}`);
}

/** `publishes`: with a publisher that runs; otherwise the test starts its own. */
export async function kafkaWorld(
  brokers: string,
  { publishes = true, settings }: { publishes?: boolean; settings?: KafkaSettings } = {},
): Promise<KafkaWorld> {
  const plain: KafkaSettings = { brokers: [brokers], tls: null, sasl: null, partitions: PARTITIONS, replication: null };
  const kafka = settings ?? plain;
  const topicPrefix = `test-${newId().slice(-12)}.`;
  const places: JournalAccess[] = [];
  const publisherOf = ({ feed, url }: JournalAccess, options: Partial<EventPublisherOptions> = {}) =>
    new EventPublisher({ kafka, topicPrefix, feed, feedUrl: roleUrl(url, 'postern_feed'), ...options });
  const busOf = (options: Partial<KafkaEventBusOptions> = {}) =>
    new KafkaEventBus({ kafka, topicPrefix, retryFirstMs: 10, retryLongestMs: 200, ...options });
  let running: EventPublisher | undefined;
  const world = await busWorld(
    () => busOf(),
    async (place) => {
      places.push(place);
      const publisher = publisherOf(place);
      if (publishes) {
        running = publisher;
        await publisher.start();
      }
      return publisher;
    },
  );
  const [journal] = places;
  if (!journal) throw new Error('The world has no journal.');
  const client = kafkaClient(kafka, 'postern-test');
  return {
    ...world,
    kafka,
    client,
    topicPrefix,
    journal,
    publishes: running,
    bus: busOf,
    publisher: (options) => publisherOf(journal, options),
    sendLast: async (stream) => {
      const { events } = await readFeed(world.feed, FEED_START, 10_000);
      const sender = new EventSender(client, topicPrefix);
      await sender.send(
        events.filter(({ streamId }) => streamId === stream).slice(-1),
        await loadJournalId(world.feed),
      );
      await sender.close();
    },
    close: async () => {
      await world.close();
      await deleteTopics(client, topicPrefix).catch(() => undefined);
    },
  };
}

async function deleteTopics(client: Kafka, topicPrefix: string): Promise<void> {
  const admin = client.admin();
  await admin.connect();
  const there = await admin.listTopics();
  const topics = Object.values(TOPICS).map((topic) => topicPrefix + topic);
  await admin.deleteTopics({ topics: topics.filter((topic) => there.includes(topic)) });
  await admin.disconnect();
}

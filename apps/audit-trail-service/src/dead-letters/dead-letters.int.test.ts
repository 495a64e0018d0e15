import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { authDenialsStream, encodeEvent, newId, TOPICS, type JournalId, type Recorded } from '@postern/contracts';
import { openDataSource } from '@postern/database';
import { ensureTopics, EVENT_TOPICS, KafkaEventBus } from '@postern/event-bus';
import { FEED_START, Journal, loadJournalId, readFeed } from '@postern/event-store';
import { describeWithKafka, sendMessage, type TestDatabase, until } from '@postern/testing';
import type { DataSource } from 'typeorm';
import { denialsConsumer } from '../denials/record/denials-consumer.js';
import { auditDatabase } from '../testing/audit-database.js';
import { METADATA, Person, recorded } from '../testing/happenings.js';
import {
  countWaiting,
  DeadLetter,
  deadLetterMessage,
  discardDeadLetter,
  findDeadLetter,
  listDeadLetters,
} from './dead-letters.js';
import { retryDeadLetter } from './retry-dead-letter.js';

let database: TestDatabase;
let audit: DataSource;
let person: Person;

beforeAll(async () => {
  database = await auditDatabase();
  audit = await openDataSource(database.url, 'postern_audit', { entities: [DeadLetter], poolSize: 4 });
});
beforeEach(async () => {
  person = new Person('app@acme.example');
  for (const { id } of await listDeadLetters(audit, 'waiting', { limit: 1_000 }))
    await discardDeadLetter(audit, id, BY);
});
afterAll(async () => {
  await audit.destroy();
  await database.drop();
});

const BY = { actor: METADATA.actor, requestId: 'request-7', machineUser: null };

const message = () => {
  const event = recorded(person, person.denied('203.0.113.9'), 1) as Recorded;
  const { topic, key, value } = encodeEvent(event, newId<JournalId>());
  return { topic, key: Buffer.from(key), value: Buffer.from(value) };
};
/** A denial that the journal has, as the publisher sends it. */
const published = async (whose: Person) => {
  const { data, type } = whose.denied('203.0.113.9');
  const [tenantId, streamId] = [whose.tenantId, authDenialsStream(whose.smtpUserId)];
  const writer = await openDataSource(database.url, 'postern_journal_writer', { poolSize: 1 });
  const journal = new Journal(writer);
  const events = [{ type, data, eventId: data.denialId }];
  await journal.append({ tenantId, streamId, expectedVersion: 0, metadata: METADATA, events });
  await journal.stop();
  await writer.destroy();
  const feed = await openDataSource(database.url, 'postern_feed', { poolSize: 1 });
  // The feed waits for older transactions of the complete server, also for those of other tests.
  const page = await until(
    () => readFeed(feed, FEED_START, 1),
    'the event in the feed',
    ({ events }) => events.length > 0,
  );
  const id = await loadJournalId(feed);
  await feed.destroy();
  return encodeEvent(page.events[0] as Recorded, id);
};
let offset = 40;
const storeDeadLetter = async (received: { key: Buffer | null; value: Buffer | null }): Promise<string> => {
  const origin = { topic: TOPICS.authDenials, partition: 3, offset: (offset += 1) };
  const letter = { ...origin, ...received, reason: 'The message is of later.' };
  // It comes again where the partition is read from its beginning.
  for (let time = 0; time < 2; time++) await deadLetterMessage(audit.manager, 'audit-denials', letter);
  const id = (await listDeadLetters(audit, 'waiting', { limit: 1_000 })).at(-1)?.id;
  return String(id);
};
const totals = () =>
  audit.query('SELECT ip, count::integer FROM audit.denied_ips WHERE smtp_user_id = $1', [person.smtpUserId]);

describe('a dead letter', () => {
  it('that is readable now is recorded once, even if several retry it', async () => {
    const id = await storeDeadLetter(message());
    const results = await Promise.all([retryDeadLetter(audit, id, BY), retryDeadLetter(audit, id, BY)]);
    expect(results.map(({ outcome }) => outcome).toSorted()).toEqual(['not-waiting', 'recorded']);
    expect(await totals()).toEqual([{ ip: '203.0.113.9', count: 1 }]);
    expect(await findDeadLetter(audit, id)).toMatchObject({ state: 'settled', tenantId: 'acme', retries: 1 });
    expect(await countWaiting(audit)).toBe(0);
  });

  it('whose denial is on record already is not counted again', async () => {
    const received = message();
    await retryDeadLetter(audit, await storeDeadLetter(received), BY);
    expect(await retryDeadLetter(audit, await storeDeadLetter(received), BY)).toEqual({ outcome: 'known' });
    expect(await totals()).toEqual([{ ip: '203.0.113.9', count: 1 }]);
  });

  it.each([
    ['no JSON', { key: null, value: Buffer.from([0xff, 0x00]) }, 'The message is not JSON in UTF-8.'],
    ['nothing', { key: null, value: null }, 'The message is empty.'],
  ])('that is %s stays, with the bytes and the reason of the last try', async (_, received, reason) => {
    const id = await storeDeadLetter(received);
    expect(await retryDeadLetter(audit, id, BY)).toEqual({ outcome: 'unreadable', reason });
    expect(await findDeadLetter(audit, id)).toEqual({
      id,
      consumer: 'audit-denials',
      topic: 'postern.auth-denials.v1',
      partition: 3,
      offset,
      tenantId: null,
      reason,
      state: 'waiting',
      deadLetteredAt: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/),
      retriedAt: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/),
      retries: 1,
      lastAction: { action: 'retry', at: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/), ...BY },
      event: null,
      ...received,
    });
    expect(await discardDeadLetter(audit, id, BY)).toBe(true);
    expect([await discardDeadLetter(audit, id, BY), await countWaiting(audit)]).toEqual([false, 0]);
    expect(await retryDeadLetter(audit, id, BY)).toEqual({ outcome: 'not-waiting' });
    expect(await findDeadLetter(audit, id)).toMatchObject({
      state: 'discarded',
      lastAction: { action: 'discard', ...BY },
    });
  });

  it('of an event with bad fields says so again', async () => {
    const event = recorded(person, person.denied('203.0.113.9', { occurredAt: 'yesterday' }), 1) as Recorded;
    await denialsConsumer(audit).handle({ events: [event], advance: async () => undefined });
    const reason = 'has an occurredAt that is not a time';
    expect(await retryDeadLetter(audit, event.eventId, BY)).toEqual({ outcome: 'unreadable', reason });
    expect(await findDeadLetter(audit, event.eventId)).toMatchObject({
      reason,
      event: { data: event.data },
      retries: 1,
    });
  });
});

describeWithKafka(describe, 'a broken message on the topic of denials', (kafka) => {
  it('becomes a dead letter with its offset and bytes, and later denials are recorded', async () => {
    const topicPrefix = `dead-${randomUUID()}.`;
    const settings = { brokers: [kafka.address], tls: null, sasl: null, partitions: 1, replication: null };
    const consumer = denialsConsumer(audit);
    await ensureTopics(settings, EVENT_TOPICS, topicPrefix);
    const topic = topicPrefix + TOPICS.authDenials;
    await sendMessage(kafka.address, topic, { key: 'anybody', value: Buffer.from('{"specversion":') });
    const good = await published(person);
    await sendMessage(kafka.address, topic, good);
    const bus = new KafkaEventBus({ kafka: settings, topicPrefix });
    await bus.subscribe({
      consumer: consumer.consumer,
      topics: consumer.topics,
      checkpoints: { dataSource: audit, table: 'audit.checkpoints' },
      handle: (batch) => consumer.handle(batch),
      deadLetter: (manager, unreadable) => consumer.deadLetter(manager, unreadable),
    });
    try {
      expect(await until(totals, 'the denial in the totals', ({ length }) => length > 0)).toEqual([
        { ip: '203.0.113.9', count: 1 },
      ]);
      const [letter, ...others] = await listDeadLetters(audit, 'waiting', { limit: 10 });
      expect([await findDeadLetter(audit, String(letter?.id)), others]).toEqual([
        expect.objectContaining({
          topic: 'postern.auth-denials.v1',
          partition: 0,
          offset: 0,
          reason: 'The message is not JSON in UTF-8.',
          key: Buffer.from('anybody'),
          value: Buffer.from('{"specversion":'),
        }),
        [],
      ]);
    } finally {
      await bus.stop();
    }
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { auditSchema } from '@postern/audit-trail-service';
import { newId, TOPICS, type ApiKeyId, type TenantId } from '@postern/contracts';
import { migrate, openDataSource, roleUrl } from '@postern/database';
import { EventPublisher, type KafkaSettings } from '@postern/event-bus';
import { Journal, journalSchema } from '@postern/event-store';
import { projectionSchema } from '@postern/projection-service';
import { accessSchema } from '@postern/access';
import { loginsSchema } from '@postern/observed-logins';
import {
  createTestDatabase,
  deleteTopic,
  describeWithKafka,
  followTopic,
  type TestDatabase,
  runCommand,
  until,
} from '@postern/testing';
import type { DataSource } from 'typeorm';

describeWithKafka(describe, 'postern republish', (kafka) => {
  const topicPrefix = `republish-${newId()}.`;
  const settings: KafkaSettings = { brokers: [kafka.address], tls: null, sasl: null, partitions: 2, replication: null };
  let database: TestDatabase;
  let feed: DataSource;
  let writer: DataSource;

  beforeAll(async () => {
    database = await createTestDatabase('complete_postern', async (url) => {
      for (const component of [journalSchema, accessSchema, projectionSchema, auditSchema, loginsSchema])
        await migrate(url, component);
    });
    feed = await openDataSource(database.url, 'postern_feed', { poolSize: 4 });
    writer = await openDataSource(database.url, 'postern_journal_writer', { poolSize: 1 });
  });
  afterAll(async () => {
    await feed.destroy();
    await writer.destroy();
    await database.drop();
  });

  const republish = (topic: string) =>
    runCommand('database-tool', ['republish', topic], {
      POSTERN_DATABASE_URL: database.url,
      POSTERN_LOG_LEVEL: 'silent',
    });

  it('says where nothing was published yet, and which topics there are', async () => {
    expect(await republish('smtp-users')).toEqual({
      code: 1,
      out: 'Nothing was published yet, so there is nothing to send again.\n',
      err: '',
    });
    expect(await republish('elsewhere')).toMatchObject({ code: 2, out: '' });
    expect(await republish('relay-policies')).toEqual({ code: 0, out: 'The topic is complete.\n', err: '' });
  });

  it('fills a topic that was deleted, while the publisher runs, and waits for it', async () => {
    const journal = new Journal(writer);
    const publisher = new EventPublisher({
      kafka: settings,
      topicPrefix,
      feed,
      feedUrl: roleUrl(database.url, 'postern_feed'),
    });
    await publisher.start();
    const streamId = `tenant/acme`;
    const metadata = {
      actor: { role: 'operator', keyId: newId<ApiKeyId>(), name: 'ci' },
      correlationId: 'x',
      causationId: null,
    } as const;
    const tenantId = 'acme' as TenantId;
    const events = [{ type: 'TenantCreated', data: { tenantId, name: 'Acme' } }] as const;
    await journal.append({ tenantId, streamId, expectedVersion: 0, events, metadata });
    await until(async () => (await publisher.lag()).events === 0);
    await deleteTopic(kafka.address, topicPrefix + TOPICS.tenants);
    expect(await republish('tenants')).toEqual({ code: 0, out: 'The topic is complete.\n', err: '' });
    const outside = await followTopic(kafka.address, topicPrefix + TOPICS.tenants);
    await until(() => outside.messages.length > 0);
    expect(outside.messages.map(({ key, value }) => [key, JSON.parse(value).data])).toEqual([
      ['acme', { tenantId: 'acme', name: 'Acme' }],
    ]);
    await outside.stop();
    await publisher.stop();
    await journal.stop();

    const nobody = await republish('tenants');
    expect(nobody).toEqual({
      code: 1,
      out:
        'No process publishes. The request is stored. ' +
        'To carry it out, start a command-service on this database, with POSTERN_KAFKA_BROKERS set.\n',
      err: expect.stringMatching(/^tenants: \d+ messages are left\. No process publishes now\.\n$/),
    });
  });
});

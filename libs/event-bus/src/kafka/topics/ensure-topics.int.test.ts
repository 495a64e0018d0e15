import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { newId } from '@postern/contracts';
import { describeWithKafka } from '@postern/testing';
import type { Admin } from 'kafkajs';
import { ensureTopics } from './ensure-topics.js';
import { kafkaClient, type KafkaSettings } from '../client/kafka-client.js';
import { EVENT_TOPICS } from './topic-settings.js';

describeWithKafka(describe, 'the topics', (kafka) => {
  const settings: KafkaSettings = { brokers: [kafka.address], tls: null, sasl: null, partitions: 2, replication: null };
  let admin: Admin;
  let prefix: string;
  beforeEach(async () => {
    prefix = `topics-${newId().slice(-12)}.`;
    admin = kafkaClient(settings).admin();
    await admin.connect();
  });
  afterEach(async () => {
    const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(prefix));
    if (topics.length > 0) await admin.deleteTopics({ topics });
    await admin.disconnect();
  });

  const make = (topic: string, config: Record<string, string>, numPartitions = 2) =>
    admin.createTopics({
      waitForLeaders: false,
      topics: [
        {
          topic: prefix + topic,
          numPartitions,
          replicationFactor: 1,
          configEntries: Object.entries(config).map(([name, value]) => ({ name, value })),
        },
      ],
    });
  const FOR_EVER = { 'retention.ms': '-1', 'max.message.bytes': '8388608' };

  it('are made where they are missing, by several at once, and pass when they are looked at again', async () => {
    const all = () => ensureTopics(settings, EVENT_TOPICS, prefix);
    await Promise.all([all(), all(), all()]);
    await all();
    const names = EVENT_TOPICS.map(({ topic }) => prefix + topic);
    const { topics } = await admin.fetchTopicMetadata({ topics: names });
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: names.map((name) => ({ type: 2, name })),
    });
    const config = (name: string) =>
      resources
        .find(({ resourceName }) => resourceName === name)
        ?.configEntries.filter(({ configName }) => ['retention.ms', 'cleanup.policy'].includes(configName))
        .map(({ configValue }) => configValue);
    expect(
      names.map((name) => [name, topics.find((each) => each.name === name)?.partitions.length, config(name)]),
    ).toEqual([
      [`${prefix}postern.smtp-users.v1`, 2, ['delete', '-1']],
      [`${prefix}postern.tenants.v1`, 2, ['delete', '-1']],
      [`${prefix}postern.auth-denials.v1`, 2, ['delete', '2592000000']],
    ]);
  });

  it.each([
    ['postern.smtp-users.v1', { ...FOR_EVER, 'cleanup.policy': 'compact' }, 'cleanup.policy compact', 'delete'],
    ['postern.smtp-users.v1', { ...FOR_EVER, 'retention.ms': '604800000' }, 'retention.ms 604800000', 'at least -1'],
    ['postern.auth-denials.v1', { ...FOR_EVER, 'retention.ms': '60000' }, 'retention.ms 60000', 'at least 2592000000'],
    ['postern.tenants.v1', { ...FOR_EVER, 'retention.bytes': '1000000' }, 'retention.bytes 1000000', 'at least -1'],
    ['postern.tenants.v1', { 'retention.ms': '-1' }, 'max.message.bytes 1048588', 'at least 8388608'],
  ])('%s with %j is not used', async (topic, config, found, wanted) => {
    await make(topic, config);
    await expect(ensureTopics(settings, EVENT_TOPICS, prefix)).rejects.toThrow(
      expect.objectContaining({
        name: 'TopicSettingsWrong',
        message:
          `The Kafka topic ${prefix}${topic} has ${found}, and Postern needs ${wanted}. Change the topic, or delete it and fill it again ` +
          'with `postern republish`; then start again.',
      }),
    );
  });

  it('of another number of partitions are used as they are', async () => {
    await make('postern.smtp-users.v1', FOR_EVER, 3);
    await expect(ensureTopics(settings, EVENT_TOPICS, prefix)).resolves.toBeUndefined();
  });

  it('of fewer replicas than are wanted are not used', async () => {
    await make('postern.smtp-users.v1', FOR_EVER);
    const refused = ensureTopics({ ...settings, replication: 3 }, EVENT_TOPICS.slice(0, 1), prefix);
    await expect(refused).rejects.toThrow('has replicas 1, and Postern needs 3 (POSTERN_KAFKA_REPLICATION)');
  });
});

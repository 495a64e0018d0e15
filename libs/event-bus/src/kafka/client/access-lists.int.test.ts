import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId, TOPICS, type Topic } from '@postern/contracts';
import { startKafkaBroker, type KafkaBroker } from '@postern/embedded-kafka';
import { askForRepublish, loadJournalId, republishLeft } from '@postern/event-store';
import { describeWithKafka, KAFKA_CACHE, until } from '@postern/testing';
import kafkajs, { type AclEntry } from 'kafkajs';
import { start } from '../../testing/bus-contract.js';
import { kafkaClient, type KafkaSettings } from './kafka-client.js';
import { RELAY_POLICIES } from '../topics/topic-settings.js';
import { kafkaWorld, type KafkaWorld } from '../testing/kafka-world.js';

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;
const ACCOUNTS = ['command-service', 'projection-service', 'audit-trail-service'] as const;
const PASSWORD = 'a-password-of-the-tests';
/** Topics and groups have their real names: the broker is this test's own. */
const REAL_NAMES = { topicPrefix: '' };

describeWithKafka(describe, 'a broker that decides by ACLs', () => {
  let dataDir: string;
  let broker: KafkaBroker;
  let world: KafkaWorld;
  let ca: string;
  const failures: string[] = [];
  const onFailure = (...reported: unknown[]) => failures.push(String(reported.at(-1)));
  const as = (username: (typeof ACCOUNTS)[number]): KafkaSettings => ({
    brokers: [broker.secure?.address ?? ''],
    tls: { ca },
    sasl: { mechanism: 'scram-sha-512', username, password: PASSWORD },
    partitions: 2,
    replication: null,
  });
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'postern-acls-'));
    const accounts = ACCOUNTS.map((username) => ({ username, password: PASSWORD }));
    broker = await startKafkaBroker({ dataDir, cacheDir: KAFKA_CACHE, accounts, authorizes: true });
    ca = await readFile(broker.secure?.certificateFile ?? '', 'utf8');
    world = await kafkaWorld(broker.address, { publishes: false });
  });
  afterAll(async () => {
    await world?.close();
    await broker?.stop();
    await rm(dataDir, { recursive: true, force: true });
  });

  it('lets each service do its work by what docs/kafka.md lists for it, the refill of a topic too, and no more', async () => {
    const admin = world.client.admin();
    await admin.connect();
    await admin.createAcls({ acl: await listedAcls() });
    await admin.disconnect();
    const consumerAs = (account: (typeof ACCOUNTS)[number], consumer: string, topics: readonly Topic[]) => {
      const bus = world.bus({ ...REAL_NAMES, kafka: as(account), onFailure });
      return start({ ...world, bus: () => bus }, { consumer, topics });
    };
    const publisher = world.publisher({ ...REAL_NAMES, kafka: as('command-service'), onFailure });
    const policies = world.bus({ ...REAL_NAMES, kafka: as('projection-service') }).writer(RELAY_POLICIES.topic);
    await publisher.start();
    const consumers = await Promise.all([
      consumerAs('projection-service', 'relay-policies', [TOPICS.smtpUsers]),
      consumerAs('projection-service', 'smtp-user-directory', [TOPICS.smtpUsers]),
      consumerAs('audit-trail-service', 'audit-changes', [TOPICS.smtpUsers, TOPICS.tenants]),
      consumerAs('audit-trail-service', 'audit-denials', [TOPICS.authDenials]),
    ]);
    try {
      const [user, denials, tenant] = [`smtp-user/${newId()}`, `auth-denials/${newId()}`, 'tenant/acme'];
      for (const stream of [user, denials, tenant]) await world.append(stream, 2);
      const have = async () => {
        const versions = consumers.map((each, i) => each.versions([user, user, user, denials][i] ?? ''));
        return (await Promise.all(versions)).map(({ length }) => length);
      };
      await until(async () => (await have()).every((each) => each === 2));
      await policies.open(await loadJournalId(world.feed));
      await policies.write([{ key: 'user', value: '{}', headers: {} }]);
      // This broker was started for the first time. Its coordinators are waited for without a word.
      expect(failures).toEqual([]);

      expect(await askForRepublish(world.feed, TOPICS.smtpUsers)).toBe('asked');
      await until(async () => (await republishLeft(world.feed, TOPICS.smtpUsers)) === 0);
      await world.append(user, 1);
      await until(async () => (await have()).slice(0, 3).every((each) => each === 3));
      expect(failures.filter((reported) => /authoriz/i.test(reported))).toEqual([]);

      // Were the broker to let everybody do everything, the above would say nothing.
      const stranger = kafkaClient(as('audit-trail-service')).producer();
      await stranger.connect();
      await expect(
        stranger
          .send({ topic: TOPICS.smtpUsers, messages: [{ value: 'forged' }] })
          .finally(() => stranger.disconnect()),
      ).rejects.toMatchObject({ type: 'TOPIC_AUTHORIZATION_FAILED' });
    } finally {
      await Promise.all([policies.close(), publisher.stop(), ...consumers.map(({ bus }) => bus.stop())]);
    }
  });
});

const RESOURCES: Readonly<Record<string, number>> = {
  topic: AclResourceTypes.TOPIC,
  group: AclResourceTypes.GROUP,
  'transactional id': AclResourceTypes.TRANSACTIONAL_ID,
};
const OPERATIONS: Readonly<Record<string, number>> = {
  Create: AclOperationTypes.CREATE,
  Describe: AclOperationTypes.DESCRIBE,
  DescribeConfigs: AclOperationTypes.DESCRIBE_CONFIGS,
  Read: AclOperationTypes.READ,
  Write: AclOperationTypes.WRITE,
  Delete: AclOperationTypes.DELETE,
};
const ROW = /^\| (\S+-service) +\| (topic|group|transactional id) +\| `([^`]+?)(\*?)` +\| ([A-Za-z, ]+?) +\|$/gm;

/** Those of the table in docs/kafka.md. */
async function listedAcls(): Promise<AclEntry[]> {
  const page = await readFile(join(process.cwd(), 'docs', 'kafka.md'), 'utf8');
  const rows = [...page.matchAll(ROW)];
  expect(new Set(rows.map(([, account]) => account))).toEqual(new Set(ACCOUNTS));
  return rows.flatMap(([, account = '', resource = '', name = '', star = '', operations = '']) =>
    operations.split(', ').map((operation) => ({
      principal: `User:${account}`,
      host: '*',
      resourceType: RESOURCES[resource] ?? AclResourceTypes.UNKNOWN,
      resourceName: name,
      resourcePatternType: star === '*' ? ResourcePatternTypes.PREFIXED : ResourcePatternTypes.LITERAL,
      operation: OPERATIONS[operation] ?? AclOperationTypes.UNKNOWN,
      permissionType: AclPermissionTypes.ALLOW,
    })),
  );
}

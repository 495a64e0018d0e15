import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  journalOfPolicy,
  RELAY_POLICIES_TOPIC,
  usernameKey,
  type PolicyEnvelope,
  type RelayPolicy,
} from '@postern/contracts';
import { openDataSource } from '@postern/database';
import { KafkaTopicWriter, RELAY_POLICIES, type KafkaSettings } from '@postern/event-bus';
import { loadJournalId } from '@postern/event-store';
import { deleteTopic, describeWithKafka, followTopic, type FollowedTopic, UserStory, until } from '@postern/testing';
import type { DataSource } from 'typeorm';
import { takeSnapshot } from '../../testing/policy-snapshot-client.js';
import { createWorld, type World } from '../../testing/projection-app.js';
import { countUnpublished, nextPolicies, publishAgain } from './publication.js';

describeWithKafka(describe, 'the topic of relay policies', (kafka) => {
  const prefix = `policies-${randomUUID()}.`;
  const topic = prefix + RELAY_POLICIES_TOPIC;
  const settings: KafkaSettings = { brokers: [kafka.address], tls: null, sasl: null, partitions: 3, replication: null };
  const newWriter = () => new KafkaTopicWriter(settings, RELAY_POLICIES, prefix);
  const stories: UserStory[] = [];
  let world: World;
  let key: string;
  let projection: DataSource;
  let outside: FollowedTopic | undefined;

  beforeAll(async () => {
    world = await createWorld();
    key = await world.newKey('relay');
    projection = await openDataSource(world.database.url, 'postern_projection', { poolSize: 1 });
  });
  afterEach(async () => {
    await outside?.stop();
    outside = undefined;
  });
  afterAll(async () => {
    await projection?.destroy();
    await world?.end();
  });

  const start = () => world.start({}, 'ready', newWriter);

  const append = async (...added: UserStory[]) => {
    stories.push(...added);
    for (const story of added) await world.append(story.history);
  };
  /** All that was appended is in the read model, and from there in the topic. */
  const allIsWritten = async () => {
    const changes = stories.reduce((sum, { history }) => sum + history.length, 0);
    const applied = async () => {
      const [row] = await projection.query<{ changes: number }[]>(
        'SELECT sum(version)::integer AS changes FROM (SELECT max(version) AS version FROM projection.relay_policies GROUP BY smtp_user_id) u',
      );
      return row?.changes === changes;
    };
    await until(applied, 'the applying of all events');
    await until(async () => (await countUnpublished(projection)) === 0, 'the writing of all policies');
  };

  /** What somebody has who reads from the beginning and keeps the last message of each key. */
  const held = async (expected: readonly RelayPolicy[]) => {
    outside ??= await followTopic(kafka.address, topic);
    const { messages } = outside;
    const last = () => new Map(messages.map((message) => [message.key, policyOf(message)]));
    const newest = Math.max(...expected.map(({ revision }) => revision));
    await until(() => [...last().values()].some(({ revision }) => revision === newest), `revision ${newest}`);
    await until(() => last().size === expected.length, `${expected.length} keys`);
    return [...last().values()].sort((a, b) => a.revision - b.revision);
  };

  it('has the complete state of each username, removed ones too, in the order of the revisions', async () => {
    await append(
      new UserStory().registered('App@acme.example').restricted('203.0.113.0/24').restricted('2001:db8::/64'),
      new UserStory().registered('open@acme.example'),
      new UserStory().registered('old@acme.example').renamed('new@acme.example'),
      new UserStory().registered('gone@acme.example').removed(),
    );
    const service = await start();
    await allIsWritten();
    const { policies } = await takeSnapshot(service.url, key);
    const all = await held(await everyPolicy());
    expect(all.filter(({ removed }) => !removed)).toEqual(policies.toSorted((a, b) => a.revision - b.revision));
    expect(all.filter(({ removed }) => removed).map(({ username }) => username)).toEqual([
      'old@acme.example',
      'gone@acme.example',
    ]);
    const messages = outside?.messages ?? [];
    const journal = await loadJournalId(projection);
    for (const message of messages) {
      expect([message.key, message.contentType, journalOfPolicy(Buffer.from(message.value))]).toEqual([
        usernameKey(policyOf(message).username),
        'application/cloudevents+json; charset=utf-8',
        journal,
      ]);
    }
    await service.stop();
  });

  it('continues in another process without a gap when the one that writes has ended', async () => {
    const [first, second] = [await start(), await start()];
    await append(new UserStory().registered('before@acme.example'));
    await allIsWritten();
    await first.stop();
    await append(new UserStory().registered('after@acme.example').restricted('192.0.2.1'));
    await allIsWritten();
    expect(await held(await everyPolicy())).toEqual(await everyPolicy());
    await second.stop();
  });

  it('is refilled automatically after it was deleted, and on request', async () => {
    await deleteTopic(kafka.address, topic);
    const service = await start();
    await append(new UserStory().registered('new-after-deletion@acme.example'));
    await allIsWritten();
    expect(await held(await everyPolicy())).toEqual(await everyPolicy());
    const before = outside?.messages.length ?? 0;
    await publishAgain(projection);
    const users = (await everyPolicy()).length;
    await until(() => (outside?.messages.length ?? 0) >= before + users, 'a second writing of all');
    expect(await held(await everyPolicy())).toEqual(await everyPolicy());
    await service.stop();
  });

  it('gets nothing while the policies are being built from the journal', async () => {
    await projection.query('UPDATE projection.checkpoints SET caught_up_at = NULL');
    await publishAgain(projection);

    expect(await nextPolicies(projection, 10)).toEqual({ from: 0, policies: [] });
    await projection.query('UPDATE projection.checkpoints SET caught_up_at = now()');
    expect(await nextPolicies(projection, 1_000)).toEqual({ from: 0, policies: await everyPolicy() });
  });

  it('that is not as it must be halts its publisher, which readiness and metrics report, until it was created again', async () => {
    const wrong = `wrong-${prefix}`;
    const madeByHand = new KafkaTopicWriter(settings, { ...RELAY_POLICIES, cleanup: 'delete' }, wrong);
    await madeByHand.open(await loadJournalId(projection));
    await madeByHand.close();
    const service = await world.start({}, 'at once', () => new KafkaTopicWriter(settings, RELAY_POLICIES, wrong));
    const readiness = async () => (await fetch(`${service.url}/health/ready`)).json() as Promise<{ missing?: unknown }>;
    const gauges = async () =>
      (await (await fetch(`${service.url}/metrics`)).text())
        .split('\n')
        .filter((line) => line.startsWith('postern_relay_policies_publisher_'))
        .toSorted();
    const reported = (halted: 0 | 1, leader: 0 | 1) => [
      `postern_relay_policies_publisher_halted ${halted}`,
      `postern_relay_policies_publisher_leader ${leader}`,
    ];
    const are = async (wanted: string[]) => JSON.stringify(await gauges()) === JSON.stringify(wanted);
    await until(() => are(reported(1, 0)), 'the halt');
    await until(
      async () => JSON.stringify(await readiness()).includes('cleanup.policy delete'),
      'readiness to say why',
    );
    await deleteTopic(kafka.address, wrong + RELAY_POLICIES_TOPIC);
    await until(() => are(reported(0, 1)), 'the end of the halt');
    await until(async () => !JSON.stringify(await readiness()).includes(RELAY_POLICIES_TOPIC), 'readiness');
    await until(async () => (await countUnpublished(projection)) === 0, 'the writing of all policies');
    outside = await followTopic(kafka.address, wrong + RELAY_POLICIES_TOPIC);
    expect(await held(await everyPolicy())).toEqual(await everyPolicy());
    await service.stop();
  });

  async function everyPolicy(): Promise<RelayPolicy[]> {
    const rows = await projection.query<RelayPolicy[]>(`
      SELECT username, tenant_id AS "tenantId", smtp_user_id AS "smtpUserId", restricted, mode, enforce_at AS "enforceAt", entries, version,
             revision::integer, removed FROM projection.relay_policies WHERE revision IS NOT NULL ORDER BY revision`);
    return rows;
  }
});

function policyOf({ value }: { readonly value: string }): RelayPolicy {
  return (JSON.parse(value) as PolicyEnvelope).data;
}

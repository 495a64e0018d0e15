import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startKafkaBroker, type KafkaBroker } from '@postern/embedded-kafka';
import {
  asking,
  describeWithKafka,
  KAFKA_CACHE,
  metricOf,
  startPosternProcess,
  runCommand,
  until,
} from '@postern/testing';

describeWithKafka(describe, 'a Postern in one process', () => {
  let folder: string;
  let broker: KafkaBroker;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postern-without-kafka-again-'));
    broker = await startKafkaBroker({ dataDir: join(folder, 'kafka'), cacheDir: KAFKA_CACHE });
  });
  afterAll(async () => {
    await broker?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const withKafka = () => ({ ...without(), POSTERN_KAFKA_BROKERS: broker.address, POSTERN_KAFKA_PARTITIONS: '3' });
  const without = () => ({ POSTERN_DATA_DIR: join(folder, 'data') });
  const command = (...args: string[]) =>
    runCommand('database-tool', args, { ...withKafka(), POSTERN_LOG_LEVEL: 'fatal', LANG: 'C.UTF-8' });
  let key: string | null = null;

  /** Starts it, registers a user, sees that the read side has all users, and ends it. */
  async function run(environment: Record<string, string>, username: string): Promise<string[]> {
    const postern = await startPosternProcess(environment);
    key ??= postern.operatorKey;
    try {
      const operator = asking(postern.url, key ?? '');
      await operator('POST', '/v1/tenants', { id: 'acme', name: 'Acme' });
      const issued = await operator('POST', '/v1/tenants/acme/api-keys', { role: 'admin', name: 'ci' });
      const admin = asking(postern.url, issued.body.key);
      const { status } = await admin('POST', '/v1/tenants/acme/smtp-users', { username });
      expect(status).toBe(201);
      const names = async () => {
        const { body } = await admin('GET', '/v1/tenants/acme/smtp-users');
        return (body.items as { username: string }[]).map((item) => item.username).toSorted();
      };
      await until(names, 'the user on the read side', (found) => found.includes(username));
      await until(
        async () => (await fetch(`${postern.url}/health/ready`)).status,
        'readiness',
        (is) => is === 200,
      );
      // What a consumer has not applied yet, `verify` cannot compare.
      await until(
        () => metricOf({ url: postern.url }, /^postern_feed_lag_events\{/),
        'every consumer has applied it',
        (behind) => behind === 0,
      );
      return await names();
    } finally {
      await postern.end('SIGTERM');
    }
  }

  it('goes to Kafka and back, and there again, without a procedure: nothing is lost and nothing counts twice', async () => {
    const names: string[] = [];
    for (const [environment, username] of [
      [without(), 'a@acme.example'],
      [withKafka(), 'b@acme.example'],
      [without(), 'c@acme.example'],
      [withKafka(), 'd@acme.example'],
    ] as const) {
      names.push(username);
      expect(await run(environment, username)).toEqual(names);
      const { code, out } = await command('verify');
      expect({ code, out }).toEqual({ code: 0, out });
    }
  });
});

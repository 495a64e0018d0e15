import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TOPICS } from '@postern/contracts';
import { startKafkaBroker, type KafkaBroker } from '@postern/embedded-kafka';
import { describeWithKafka, followTopic, KAFKA_CACHE, startPosternProcess, until } from '@postern/testing';

describeWithKafka(describe, 'a Postern that is given the broker of another data folder', () => {
  let folder: string;
  let broker: KafkaBroker;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postern-broker-of-another-'));
    broker = await startKafkaBroker({ dataDir: join(folder, 'kafka'), cacheDir: KAFKA_CACHE });
  });
  afterAll(async () => {
    await broker?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const startOn = (name: string) =>
    startPosternProcess({ POSTERN_DATA_DIR: join(folder, name), POSTERN_KAFKA_BROKERS: broker.address });

  it('does not start, and says so in one line; the other one continues', async () => {
    const theirs = await startOn('theirs');
    // Its first operator's key is an event. Once that is published, the topics are its own.
    const keys = await followTopic(broker.address, TOPICS.tenants);
    await until(() => keys.messages.length > 0);
    await keys.stop();
    await expect(startOn('ours')).rejects.toThrow(
      /\nPartition \d+ of postern\.tenants\.v1 has at offset 0 a message of the journal \S+; this database’s is \S+\. [^\n]+POSTERN_KAFKA_BROKERS[^\n]+\n$/,
    );
    expect((await fetch(`${theirs.url}/health/live`)).status).toBe(200);
    expect(await theirs.end('SIGTERM')).toBe(0);
  });
});

import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { newId } from '@postern/contracts';
import { describeWithKafka, until } from '@postern/testing';
import { start } from '../../testing/bus-contract.js';
import { ensureTopics } from '../topics/ensure-topics.js';
import type { KafkaSettings, SaslMechanism } from './kafka-client.js';
import { kafkaWorld } from '../testing/kafka-world.js';

describeWithKafka(describe, 'Kafka behind TLS and a login', ({ secure, address }) => {
  const settings = (
    changes: Partial<KafkaSettings> = {},
    mechanism: SaslMechanism = 'scram-sha-512',
  ): KafkaSettings => ({
    brokers: [secure.address],
    tls: { ca: readFileSync(secure.certificateFile, 'utf8') },
    sasl: { mechanism, username: secure.username, password: secure.password },
    partitions: 1,
    replication: null,
    ...changes,
  });
  const reach = (with_: KafkaSettings) => ensureTopics(with_, [], '');

  it.each(['scram-sha-256', 'scram-sha-512'] as const)('moves events by %s', async (mechanism) => {
    const world = await kafkaWorld(secure.address, { settings: settings({}, mechanism) });
    const stream = `smtp-user/${newId()}`;
    const consumer = await start(world, {});
    await world.append(stream, 3);
    await until(async () => (await consumer.versions(stream)).length === 3);
    expect(await consumer.versions(stream)).toEqual([1, 2, 3]);
    await consumer.bus.stop();
    await world.close();
  });

  it.each(['scram-sha-256', 'scram-sha-512'] as const)(
    'refuses a wrong password by %s, with what to look at',
    async (mechanism) => {
      const sasl = { mechanism, username: secure.username, password: 'not-the-password' };
      await expect(reach(settings({ sasl }))).rejects.toThrow(
        expect.objectContaining({
          name: 'KafkaRefused',
          message:
            `Kafka at ${secure.address} refuses the login of postern: check POSTERN_KAFKA_SASL_USERNAME, ` +
            'POSTERN_KAFKA_SASL_PASSWORD and POSTERN_KAFKA_SASL_MECHANISM.',
        }),
      );
    },
  );

  it('says so where the certificate is not trusted', async () => {
    await expect(reach(settings({ tls: { ca: null } }))).rejects.toThrow(
      expect.objectContaining({
        name: 'KafkaRefused',
        message: expect.stringMatching(
          /^The certificate of Kafka at \S+ is not trusted: .*\. Name the certificate of who issued it in POSTERN_KAFKA_TLS_CA_FILE\.$/,
        ),
      }),
    );
  });

  it('says so where TLS is spoken to a port without', async () => {
    await expect(reach(settings({ brokers: [address] }))).rejects.toThrow(
      /^Kafka at .*(speaks no TLS there|does not answer)/,
    );
  });

  it('reports that nobody listens', async () => {
    await expect(reach({ ...settings(), brokers: ['127.0.0.1:9'], tls: null, sasl: null })).rejects.toThrow(
      expect.objectContaining({
        name: 'KafkaUnreachable',
        message: expect.stringMatching(/^Kafka at 127.0.0.1:9 does not answer: .*POSTERN_KAFKA_BROKERS right\?$/),
      }),
    );
  });
});

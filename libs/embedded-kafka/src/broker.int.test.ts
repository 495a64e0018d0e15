import { connect } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeWithKafka, KAFKA_CACHE } from '@postern/testing';
import { startKafkaBroker } from './broker.js';

describeWithKafka(describe, 'an embedded Kafka broker', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postern-kafka-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('is started, killed, started again on its folder and port, and stopped', async () => {
    const options = { dataDir: join(folder, 'broker'), cacheDir: KAFKA_CACHE };
    const first = await startKafkaBroker(options);
    const [, port] = first.address.split(':');
    expect(await answers(first.address)).toBe(true);
    await first.kill();
    expect(await answers(first.address)).toBe(false);
    const second = await startKafkaBroker({ ...options, port: Number(port) });
    expect(second.address).toBe(first.address);
    expect(await answers(second.address)).toBe(true);
    await expect(startKafkaBroker(options)).rejects.toThrow('did not start. The end of');
    await second.stop();
    await second.ended;
    expect(await answers(second.address)).toBe(false);
  }, 120_000);
});

function answers(address: string): Promise<boolean> {
  const [host = '', port] = address.split(':');
  return new Promise((done) => {
    const socket = connect(Number(port), host, () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => done(false));
  });
}

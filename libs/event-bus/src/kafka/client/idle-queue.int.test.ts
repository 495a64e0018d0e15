import { describe, expect, it, jest } from '@jest/globals';
import { describeWithKafka } from '@postern/testing';
import { kafkaClient } from './kafka-client.js';

describeWithKafka(describe, 'a connection to Kafka', (kafka) => {
  it('sets no timer for its queue while nothing waits there', async () => {
    const settings = { brokers: [kafka.address], tls: null, sasl: null, partitions: 1, replication: null };
    const admin = kafkaClient(settings).admin();
    const timers = jest.spyOn(globalThis, 'setTimeout');
    await admin.connect();
    for (let i = 0; i < 20; i += 1) await admin.listTopics();
    const inThePast = timers.mock.calls.filter(([, ms]) => (ms ?? 0) < 0);
    timers.mockRestore();
    await admin.disconnect();
    expect(inThePast).toEqual([]);
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeWithKafka, followTopic } from '@postern/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import { servicesWithKafka, type ServicesWithKafka } from '../testing/services-with-kafka.js';

const TOPICS = ['smtp-users', 'tenants', 'auth-denials', 'relay-policies'];

describeWithKafka(describe, 'a broker that has lost everything', () => {
  let services: ServicesWithKafka;
  beforeAll(async () => {
    services = await servicesWithKafka();
    await services.start(4);
  });
  afterAll(() => services?.end());

  async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
    for (const late = Date.now() + 60_000; !(await holds()); await sleep(200)) {
      if (Date.now() > late) throw new Error(`${what} did not come to pass: ${(await services.missing()).join()}`);
    }
  }
  const says = async (text: string) => (await services.missing()).some((missing) => missing.includes(text));

  it('is noticed by the publisher, also where nothing is written; writes are taken, and a republish brings all right', async () => {
    await services.underLoad(() => sleep(2_000));
    await services.settled();
    await services.loseBroker();
    await until(() => says('Nothing of what was published is left in postern.'), 'a publisher that says so');
    await services.underLoad(() => sleep(1_000));
    const { code, out } = await services.command(['republish', ...TOPICS]);
    expect([code, out]).toEqual([0, TOPICS.map((topic) => `${topic}: The topic has all of it.\n`).join('')]);
    await services.underLoad(() => sleep(1_000));
    expect(await services.settled()).toEqual(services.acknowledged());
    await until(async () => (await services.missing()).length === 0, 'every service ready');
    const policies = await followTopic(services.brokers, 'postern.relay-policies.v1');
    await until(async () => new Set(policies.messages.map(({ key }) => key)).size === 24, 'every policy in its topic');
    await policies.stop();
  });
});

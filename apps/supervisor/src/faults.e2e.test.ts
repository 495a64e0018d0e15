import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { TOPICS } from '@postern/contracts';
import type { RelayClient } from '@postern/relay-client';
import {
  deleteTopic,
  describeWithKafka,
  metricOf,
  missingOf,
  runCommand,
  sendMessage,
  seriesOf,
  ServicesWorld,
  sendSignal,
  until,
  type Instance,
  type ServiceName,
} from '@postern/testing';
import { expectedEvidence, policiesWritten, waitingEvents, Witness, type Evidence } from './testing/evidence.js';
import { SeededLoad } from './testing/seeded-load.js';

/** Printed with each failure; POSTERN_TEST_SEED repeats what was chosen, though not how the machine ran it. */
const SEED = Number(process.env['POSTERN_TEST_SEED'] ?? Date.now() % 1_000_000);

/** What the parts hold in the end, and what they must after all that was acknowledged. */
interface Outcome {
  readonly found: Evidence;
  readonly expected: Evidence;
}

/** So that the load leaves the machine time for what it is about. */
const PAUSE_MS = 500;
/** Of a member of a consumer's group. */
const SESSION_TIMEOUT_MS = 6_000;

describeWithKafka(describe, `two of each service under load, with Kafka between them (seed ${SEED})`, () => {
  let world: ServicesWorld;
  let relay: RelayClient;
  let load: SeededLoad;

  beforeAll(async () => {
    world = await ServicesWorld.start({ users: 6 });
    relay = await world.startRelay();
    load = new SeededLoad(SEED, world, PAUSE_MS);
  });
  afterAll(() => world?.end());
  beforeEach(() => world.allReady());

  /** Lets the load run, does what goes wrong in the midst of it, and looks at the end that all is there, once and in order. */
  async function after(fault: () => Promise<void>): Promise<Outcome> {
    load.start();
    await progress(20);
    try {
      await fault();
      await progress(20);
    } finally {
      await load.stop();
    }
    return outcome();
  }

  /** So many writes more are acknowledged. */
  async function progress(writes: number): Promise<void> {
    const from = load.acknowledged;
    await until(
      () => load.acknowledged - from,
      `${writes} more writes`,
      (more) => more >= writes,
    );
  }

  async function outcome(): Promise<Outcome> {
    await world.allReady();
    await until(
      () => waitingEvents(world),
      'nothing waits',
      (waiting) => waiting === 0,
    );
    const expected = expectedEvidence(load.models);
    const witness = await Witness.of(world, relay);
    try {
      let found: Evidence = {};
      // Where it never becomes the same, the comparison of both says where they differ.
      await until(async () => isSame((found = await witness.evidence(load.models)), expected), 'all is there').catch(
        () => undefined,
      );
      return { found, expected };
    } finally {
      await witness.end();
    }
  }

  /** What is written from now on comes to the relay and to the policies' topic: through Kafka, and by whoever takes it from there. */
  async function flows(since: string): Promise<void> {
    const from = performance.now();
    // One of each user may have been on its way.
    const behind = load.added.length + world.users.length;
    await until(
      () =>
        load.added.slice(behind).some(({ username, range }) => relay.peek(username, range).reason === 'entry-matched'),
      `entries flow to the relay, with ${since}`,
      (arrived) => arrived,
    );
    const { revision } = await policiesWritten(world.databaseUrl);
    await until(
      async () => (await policiesWritten(world.databaseUrl)).published,
      `the policies of then come to their topic, with ${since}`,
      (published) => published >= revision,
    );
    if (process.env['POSTERN_TEST_TELL'])
      process.stderr.write(`${since}: entries flow after ${Math.round(performance.now() - from)} ms\n`);
  }

  const leader = () => whichHas('command-service', /^postern_publisher_leader /);
  const policyLeader = () => whichHas('projection-service', /^postern_relay_policies_publisher_leader /);

  /** What an alert sees: the sum over the instances, each of which reports it. */
  async function haltedPartitions(of: { metric: string; service: ServiceName }, partitions: number): Promise<void> {
    await until(
      async () => {
        const all = await Promise.all(world.instances(of.service).map((each) => seriesOf(each, of.metric)));
        return all.includes(undefined) ? 'not reported' : all.reduce<number>((sum, value) => sum + (value ?? 0), 0);
      },
      `${of.metric} is ${partitions}`,
      (sum) => sum === partitions,
    );
  }

  async function whichHas(service: ServiceName, metric: RegExp): Promise<Instance> {
    const found = await until(
      async () => {
        const all = world.instances(service);
        const values = await Promise.all(all.map((each) => metricOf(each, metric)));
        return all[values.findIndex((value) => value > 0)];
      },
      `one ${service} has ${metric.source}`,
      (instance) => instance !== undefined,
    );
    if (!found) throw new Error(`No ${service} has it.`);
    return found;
  }

  it('show a write to a read that asks for its version', async () => {
    const users = '/v1/tenants/acme/smtp-users';
    const { body: user } = await world.admin('POST', users, { username: 'own-writes@acme.example' });
    const path = `${users}/${user.id}/restriction`;
    const written = await world.admin('POST', `${path}/entries`, { entries: [{ range: '192.0.2.1' }] });
    const version = written.headers.get('postern-version') ?? '';
    const read = await world.admin('GET', path, undefined, { 'postern-min-version': version });
    expect([written.status, read.status, read.body]).toEqual([201, 200, written.body]);
  });

  it('lose nothing, double nothing and keep the order when each service is killed in turn, the leader first', async () => {
    const { found, expected } = await after(async () => {
      for (const killed of [await leader(), await policyLeader(), world.instances('audit-trail-service')[1]]) {
        if (!killed) throw new Error('There is nothing to be killed.');
        sendSignal(killed.pid, 'SIGKILL');
        await flows(`${killed.name} killed`);
        await world.allReady();
      }
    });
    expect(found).toEqual(expected);
  });

  it('do the same when the database is killed and started again', async () => {
    const { found, expected } = await after(async () => {
      await world.killDatabase();
      await flows('the database killed');
    });
    expect(found).toEqual(expected);
  });

  it('do the same when one of each is frozen until others have its work, and wakes as a zombie', async () => {
    const { found, expected } = await after(async () => {
      const frozen = [await leader(), await policyLeader(), world.instances('audit-trail-service')[0]];
      const stopped = frozen.flatMap((each) => each ?? []);
      try {
        for (const each of stopped) sendSignal(each.pid, 'SIGSTOP');
        await flows('one of each frozen');
        await until(
          () => whichHas('command-service', /^postern_publisher_leader /),
          'another command-service publishes',
          ({ name }) => name !== frozen[0]?.name,
        );
        // Longer than a member of a consumer's group may be silent.
        await sleep(SESSION_TIMEOUT_MS + 2_000);
        await flows('others in their places');
      } finally {
        for (const each of stopped) sendSignal(each.pid, 'SIGCONT');
      }
      await flows('the zombies awake');
    });
    expect(found).toEqual(expected);
  });

  it('do the same when the broker is killed, accept writes while it is down for half a minute, and catch up when it is back', async () => {
    const { found, expected } = await after(async () => {
      await world.killBroker();
      const refused = load.failures.size;
      await sleep(30_000);
      await progress(20);
      expect(load.failures.size).toBe(refused);
      await world.startBroker();
      await flows('the broker back after 30 s');
    });
    expect(found).toEqual(expected);
  });

  it('dead-letter a denial that cannot be read, and continue with the others', async () => {
    const poison = { key: null, value: 'no denial' };
    const { found, expected } = await after(() => sendMessage(world.brokers, TOPICS.authDenials, poison));
    expect(found).toEqual(expected);
    const [letter] = JSON.parse((await cli('dead-letters', 'list', '--json')).out).items;
    expect(letter).toMatchObject({ topic: TOPICS.authDenials, state: 'waiting' });
    const retried = await cli('dead-letters', 'retry', '--all');
    expect(retried).toMatchObject({ code: 1, out: expect.stringContaining(`${letter.id}  still cannot be read`) });
    expect(await cli('dead-letters', 'discard', letter.id)).toMatchObject({ code: 0 });
  });

  it.each([
    ['smtp-users', TOPICS.smtpUsers, 'projection-service', 'relay-policies'],
    ['tenants', TOPICS.tenants, 'audit-trail-service', 'audit-changes'],
  ] as const)(
    'halt at a message of %s that cannot be read, say so, and go on once the topic was deleted and filled again',
    async (name, topic, service, consumer) => {
      const halted = { metric: `postern_consumer_halted_partitions{consumer="${consumer}",topic="${topic}"}`, service };
      const { found, expected } = await after(async () => {
        await haltedPartitions(halted, 0);
        await sendMessage(world.brokers, topic, { key: null, value: 'no event' });
        const reported = await until(
          async () =>
            (await Promise.all(world.instances(service).map(missingOf))).find((missing) => missing?.includes(topic)),
          `a ${service} says that it has halted`,
          (missing) => missing !== undefined,
        );
        expect(reported).toContain('halts at offset');
        await haltedPartitions(halted, 1);
        await deleteTopic(world.brokers, topic);
        // The load goes on: the topic is created again, with what is newest.
        await progress(20);
        expect(await cli('republish', name)).toMatchObject({
          code: 0,
          out: expect.stringContaining('The topic is complete.'),
        });
        await flows(`${name} filled again`);
        await haltedPartitions(halted, 0);
      });
      expect(found).toEqual(expected);
    },
  );

  function cli(...args: string[]) {
    return runCommand('database-tool', args, {
      POSTERN_DATABASE_URL: world.databaseUrl,
      POSTERN_LOG_LEVEL: 'silent',
      LANG: 'C.UTF-8',
    });
  }
});

function isSame(found: Evidence, expected: Evidence): boolean {
  return JSON.stringify(found) === JSON.stringify(expected);
}

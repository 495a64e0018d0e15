import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { asking, describeWithKafka } from '@postern/testing';
import { expectedEvidence, waitingEvents, Witness, type Evidence } from './testing/evidence.js';
import { startFaultWorld, type FaultWorld } from './testing/fault-world.js';
import { SeededLoad } from './testing/seeded-load.js';
import { metricOf, signal, until, type Instance, type ServiceName } from './testing/services.js';

/** Told with each failure; POSTERN_TEST_SEED repeats what was chosen, though not how the machine ran it. */
const SEED = Number(process.env['POSTERN_TEST_SEED'] ?? Date.now() % 1_000_000);

describeWithKafka(describe, `two of each service under load, with Kafka between them (seed ${SEED})`, () => {
  let world: FaultWorld;
  let load: SeededLoad;

  beforeAll(async () => {
    world = await startFaultWorld();
    load = new SeededLoad(SEED, world.admin, asking(world.url, world.relayKey), world.users);
  }, 180_000);
  afterAll(() => world?.end(), 120_000);
  beforeEach(() => world.allReady(), 90_000);

  /** Lets the load run, does what goes wrong in the midst of it, and looks at the end that all is there, once and in order. */
  async function survives(fault: () => Promise<void>): Promise<void> {
    load.start();
    await progress(20);
    await fault();
    await progress(20);
    await load.stop();
    await isAllThere();
  }

  /** So many writes more are acknowledged. */
  async function progress(writes: number): Promise<void> {
    const from = load.acknowledged;
    await until(
      `${writes} more writes`,
      () => load.acknowledged - from,
      (more) => more >= writes,
      90_000,
    );
  }

  async function isAllThere(): Promise<void> {
    await world.allReady();
    await until(
      'nothing waits',
      () => waitingEvents(world),
      (waiting) => waiting === 0,
    );
    const expected = expectedEvidence(load.models);
    const witness = await Witness.of(world);
    try {
      let found: Evidence = {};
      for (let i = 0; i < 100 && !isSame(found, expected); i++) {
        if (i > 0) await sleep(100);
        found = await witness.evidence(load.models);
      }
      expect(found).toEqual(expected);
    } finally {
      await witness.end();
    }
  }

  /** What is written from now on comes to the relay: through Kafka, and by whoever takes it from there. */
  async function flows(since: string): Promise<void> {
    const from = performance.now();
    // One of each user may have been on its way.
    const after = load.added.length + world.users.length;
    await until(
      `entries flow to the relay, with ${since}`,
      () =>
        load.added
          .slice(after)
          .some(({ username, range }) => world.relay.peek(username, range).reason === 'entry-matched'),
      (arrived) => arrived,
    );
    if (process.env['POSTERN_TEST_TELL'])
      process.stderr.write(`${since}: entries flow after ${Math.round(performance.now() - from)} ms\n`);
  }

  const leader = () => whichHas('command-service', /^postern_publisher_leader /);

  async function whichHas(service: ServiceName, metric: RegExp): Promise<Instance> {
    const found = await until(
      `one ${service} has ${metric.source}`,
      async () => {
        const all = world.instances(service);
        const values = await Promise.all(all.map((each) => metricOf(each, metric)));
        return all[values.findIndex((value) => value > 0)];
      },
      (instance) => instance !== undefined,
    );
    if (!found) throw new Error(`No ${service} has it.`);
    return found;
  }

  it('lose nothing, double nothing and keep the order when each service is killed in turn, the leader first', async () => {
    await survives(async () => {
      for (const killed of [
        await leader(),
        world.instances('projection-service')[0],
        world.instances('audit-trail-service')[1],
      ]) {
        if (!killed) throw new Error('There is nothing to be killed.');
        signal(killed, 'SIGKILL');
        await flows(`${killed.name} killed`);
        await world.allReady();
      }
    });
  }, 180_000);

  it('do the same when the broker is killed and started again', async () => {
    await survives(async () => {
      await world.killBroker();
      await progress(20);
      await world.startBroker();
      await flows('the broker back');
    });
  }, 180_000);

  it('do the same when the database is killed and started again', async () => {
    await survives(async () => {
      await world.killDatabase();
      await flows('the database killed');
    });
  }, 180_000);
});

function isSame(found: Evidence, expected: Evidence): boolean {
  return JSON.stringify(found) === JSON.stringify(expected);
}

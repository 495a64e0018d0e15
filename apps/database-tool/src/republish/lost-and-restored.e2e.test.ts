import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RELAY_POLICIES_TOPIC } from '@postern/contracts';
import { describeWithKafka, followTopic, onDatabase, ServicesWorld, until } from '@postern/testing';
import { READ_MODEL_NAMES } from '../choices.js';
import { AcknowledgedLoad } from '../testing/acknowledged-load.js';

const USERS = 24;
const LOST = 30;
const TOPICS = ['smtp-users', 'tenants', 'auth-denials', 'relay-policies'];

describeWithKafka(describe, 'two of each service', () => {
  let world: ServicesWorld;
  let load: AcknowledgedLoad;
  beforeAll(async () => {
    world = await ServicesWorld.start({ users: USERS });
    load = new AcknowledgedLoad(world);
  });
  afterAll(() => world?.end());

  it('notice that their broker has lost everything, also where nothing is written; writes are taken, and a republish brings all right', async () => {
    await load.changes(USERS);
    await load.settled();
    await world.loseBroker();
    await until(
      () => world.missing(),
      'a publisher that says so',
      (missing) => missing.some((each) => each.includes('The published events are missing in postern.')),
    );
    await load.changes(USERS);
    const { code, out } = await load.command('republish', ...TOPICS);
    expect([code, out]).toEqual([0, TOPICS.map((topic) => `${topic}: The topic is complete.\n`).join('')]);
    await load.changes(USERS);
    expect(await load.settled()).toEqual(load.acknowledged);
    await world.allReady();
    const policies = await followTopic(world.brokers, RELAY_POLICIES_TOPIC);
    await until(
      () => new Set(policies.messages.map(({ key }) => key)).size,
      'every policy in its topic',
      (count) => count === USERS,
    );
    await policies.stop();
  });

  /** The journal as an older backup has it: its newest events are gone, and nothing behind them was published. Returns the denials among them. */
  async function loseNewest(): Promise<number> {
    return onDatabase(world.databaseUrl, async (owner) => {
      const { rows } = await owner.query<{ denials: number }>(
        `WITH newest AS (SELECT type FROM journal.events ORDER BY xid DESC, position DESC LIMIT ${LOST})
       SELECT count(*)::integer AS denials FROM newest WHERE type = 'AuthDenied'`,
      );
      await owner.query(`
      ALTER TABLE journal.events DISABLE TRIGGER append_only;
      DELETE FROM journal.events WHERE (xid, position) IN (SELECT xid, position FROM journal.events ORDER BY xid DESC, position DESC LIMIT ${LOST});
      ALTER TABLE journal.events ENABLE ALWAYS TRIGGER append_only;
      UPDATE journal.checkpoints SET (xid, position) = (SELECT xid, position FROM journal.events ORDER BY xid DESC, position DESC LIMIT 1)`);
      return rows[0]?.denials ?? 0;
    });
  }

  const counted = () =>
    onDatabase(world.databaseUrl, async (owner) => {
      const { rows } = await owner.query<{ logins: number }>(
        'SELECT sum(count)::integer AS logins FROM audit.denied_ips',
      );
      return rows[0]?.logins;
    });

  it('publish nothing after what a restored database has lost, and flow again after the one procedure, with other events in the lost versions', async () => {
    // Each change is followed by a denial: the newest events are none of the users' registrations.
    await load.changes(LOST);
    expect(await load.settled()).toEqual(load.acknowledged);
    expect(await world.stopServices()).toBe(0);
    const lost = await loseNewest();

    await expect(world.startServices()).rejects.toThrow(/The journal of this database does not have the event/);
    const { code, err } = await load.command('republish', ...TOPICS);
    expect([code, err]).toEqual([1, expect.stringContaining('No service runs: the topics are deleted.')]);
    for (const model of READ_MODEL_NAMES) expect(await load.command('rebuild', model)).toMatchObject({ code: 0 });

    await world.startServices();
    await load.changes(2 * LOST);
    const expected = load.acknowledged.denials - lost;
    await until(counted, `${expected} denials in the totals`, (count) => count === expected);
    expect(await load.command('verify')).toMatchObject({ code: 0 });
    await world.allReady();
  });
});

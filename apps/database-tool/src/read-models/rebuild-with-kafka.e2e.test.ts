import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RELAY_POLICIES_TOPIC } from '@postern/contracts';
import {
  describeWithKafka,
  followTopic,
  onDatabase,
  runCommand,
  ServicesWorld,
  startCommand,
  until,
} from '@postern/testing';
import type pg from 'pg';
import { AcknowledgedLoad } from '../testing/acknowledged-load.js';
import { READ_MODEL_NAMES } from '../choices.js';

const USERS = 40;
/** Several pages of a rebuild. */
const DENIALS = 8_000;
const LOST = 30;
const TOPICS = ['smtp-users', 'tenants', 'auth-denials', 'relay-policies'];
const NOTHING_DIFFERS = { code: 0, differ: [] };

describeWithKafka(describe, 'verify, rebuild and republish, with two of each service and Kafka between them', () => {
  let world: ServicesWorld;
  let load: AcknowledgedLoad;
  beforeAll(async () => {
    world = await ServicesWorld.start({ users: USERS });
    load = new AcknowledgedLoad(world);
  });
  afterAll(() => world?.end());

  const query = <Row extends pg.QueryResultRow>(text: string, values: unknown[] = []) =>
    onDatabase(world.databaseUrl, async (owner) => (await owner.query<Row>(text, values)).rows);

  async function differing(): Promise<unknown> {
    const { code, out, err } = await load.command('verify', '--json');
    if (out === '') throw new Error(err);
    const { models } = JSON.parse(out) as { models: { model: string; equal: boolean }[] };
    return { code, differ: models.filter(({ equal }) => !equal) };
  }

  async function nothingIsLost(): Promise<void> {
    expect(await load.settled()).toEqual(load.acknowledged);
    expect(await query('SELECT count(*)::integer AS letters FROM audit.dead_letters')).toEqual([{ letters: 0 }]);
    await world.allReady();
  }

  it('find all equal under load, while each partition continues by itself', async () => {
    await load.changes(USERS);
    expect(await load.during(differing)).toEqual(NOTHING_DIFFERS);
    const [row] = await query<{ partitions: number }>(
      `SELECT count(*)::integer AS partitions FROM projection.checkpoints WHERE consumer = 'relay-policies' AND source ~ '/'`,
    );
    expect(row?.partitions).toBeGreaterThan(1);
  });

  /** Kills it with SIGKILL once it has filled some of the new tables, and before it can fill more. Returns the position where it was. */
  async function killedHalfWay(): Promise<number> {
    const rebuild = startCommand('database-tool', ['rebuild', 'denials'], world.environment);
    await onDatabase(world.databaseUrl, async (locking) => {
      for (let filled = false; !filled; await sleep(5)) {
        await locking.query('BEGIN');
        const { rows } = await locking
          .query('SELECT position FROM audit_denials_next.progress WHERE position > 0 FOR UPDATE')
          .catch(() => ({ rows: [] }));
        filled = rows.length === 1;
        if (!filled) await locking.query('ROLLBACK');
      }
      rebuild.child.kill('SIGKILL');
      expect((await rebuild.end).code).toBeNull();
    });
    // The server ends what the killed one was at.
    await until(
      () => query(`SELECT FROM pg_stat_activity WHERE application_name = 'postern-rebuild'`),
      'the end of the session',
      ({ length }) => length === 0,
    );
    const [row] = await query<{ at: number }>('SELECT position::integer AS at FROM audit_denials_next.progress');
    return row?.at ?? 0;
  }

  it('continues where it was killed under load, and the new one equals a fresh one', async () => {
    await load.denials(DENIALS);
    await load.settled();
    await query('UPDATE audit.denied_ips SET count = count + 1');
    const resumed = await load.during(async () => {
      const at = await killedHalfWay();
      expect(at).toBeGreaterThan(0);
      const { code, err } = await load.command('rebuild', 'denials', '--resume');
      expect([code, err]).toEqual([0, expect.stringContaining(`continues at position ${at} of the journal`)]);
      return Number(/(\d+) events applied; the new/.exec(err)?.[1]);
    });
    expect(resumed).toBeLessThan(DENIALS);
    await nothingIsLost();
  });

  it('rebuild each while both instances apply: nothing is lost, each event counts once', async () => {
    for (const model of READ_MODEL_NAMES) {
      const { code, err } = await load.during(() => load.command('rebuild', model));
      expect([code, err]).toEqual([0, expect.stringContaining('the new tables are live')]);
    }
    await nothingIsLost();
  });

  it('ask for the owner’s URL where they are given a service’s own', async () => {
    const url = 'postgresql://postern_projection_service:secret@127.0.0.1:1/postern';
    for (const args of [['verify'], ['rebuild', 'directory'], ['dead-letters', 'list'], ['republish', 'smtp-users']]) {
      const { out, err } = await runCommand('database-tool', args, { POSTERN_DATABASE_URL: url });
      expect([args, out, err]).toEqual([args, '', expect.stringContaining('Set it to the owner')]);
      expect(err).not.toContain('secret');
    }
  });

  it('bring every policy to the policies’ topic, by the login of the projection-service', async () => {
    const topic = await followTopic(world.brokers, RELAY_POLICIES_TOPIC);
    try {
      const keys = () => new Set(topic.messages.map(({ key }) => key));
      await until(() => keys().size >= USERS, 'every policy in the topic');
      expect([...keys()].sort()).toEqual(world.users.map(({ username }) => username).sort());
    } finally {
      await topic.stop();
    }
    expect(
      await query(`SELECT DISTINCT usename FROM pg_stat_activity WHERE application_name = 'postern_policy_publisher'`),
    ).toEqual([{ usename: 'postern_projection_service' }]);
  });

  it('bring all right after the broker has lost everything, which the publisher notices also where nothing is written; writes are taken', async () => {
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

  const counted = async () =>
    (await query<{ logins: number }>('SELECT sum(count)::integer AS logins FROM audit.denied_ips'))[0]?.logins;

  it('after the one procedure, publish nothing behind what a restored database has lost, and go on with other events in the lost versions', async () => {
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

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeWithKafka } from '@postern/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import { READ_MODEL_NAMES } from '../choices.js';
import { servicesWithKafka, type ServicesWithKafka } from '../testing/services-with-kafka.js';

const LOST = 60;
const TOPICS = ['smtp-users', 'tenants', 'auth-denials', 'relay-policies'];

describeWithKafka(describe, 'a database that was restored from a backup', () => {
  let services: ServicesWithKafka;
  beforeAll(async () => {
    services = await servicesWithKafka();
    await services.start(3);
  });
  afterAll(() => services?.end());

  /** The journal as an older backup has it: its newest events are gone, and nothing behind them was published. Returns the denials among them. */
  async function loseNewest(): Promise<number> {
    const { rows } = await services.owner.query<{ denials: number }>(
      `WITH newest AS (SELECT type FROM journal.events ORDER BY xid DESC, position DESC LIMIT ${LOST})
       SELECT count(*)::integer AS denials FROM newest WHERE type = 'AuthDenied'`,
    );
    await services.owner.query(`
      ALTER TABLE journal.events DISABLE TRIGGER append_only;
      DELETE FROM journal.events WHERE (xid, position) IN (SELECT xid, position FROM journal.events ORDER BY xid DESC, position DESC LIMIT ${LOST});
      ALTER TABLE journal.events ENABLE ALWAYS TRIGGER append_only;
      UPDATE journal.checkpoints SET (xid, position) = (SELECT xid, position FROM journal.events ORDER BY xid DESC, position DESC LIMIT 1)`);
    return rows[0]?.denials ?? 0;
  }

  /** Each change is followed by a denial: after so many, the newest events are none of the users' registrations. */
  async function changesUnderLoad(count: number): Promise<void> {
    const enough = services.acknowledged().denials + count;
    await services.underLoad(async () => {
      while (services.acknowledged().denials < enough) await sleep(50);
    });
  }

  const counted = async () =>
    (await services.owner.query('SELECT sum(count)::integer AS logins FROM audit.denied_ips')).rows[0].logins;

  it('publishes nothing behind what it has lost, and flows again after the one procedure, with other events in the lost versions', async () => {
    await changesUnderLoad(LOST);
    expect(await services.settled()).toEqual(services.acknowledged());
    expect(await services.stop()).toBe(0);
    const lost = await loseNewest();

    await expect(services.start(3)).rejects.toThrow(/which this database’s journal does not have/);
    const { code, err } = await services.command(['republish', ...TOPICS]);
    expect([code, err]).toEqual([1, expect.stringContaining('No service runs: the topics are deleted.')]);
    for (const model of READ_MODEL_NAMES) expect(await services.command(['rebuild', model])).toMatchObject({ code: 0 });

    await services.start(3);
    await changesUnderLoad(2 * LOST);
    const expected = services.acknowledged().denials - lost;
    for (const late = Date.now() + 60_000; (await counted()) !== expected && Date.now() < late;) await sleep(200);
    expect(await counted()).toBe(expected);
    expect(await services.command(['verify'])).toMatchObject({ code: 0 });
    expect(await services.missing()).toEqual([]);
  });
});

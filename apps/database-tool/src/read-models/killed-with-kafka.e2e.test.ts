import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeWithKafka, startCommand } from '@postern/testing';
import pg from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import { servicesWithKafka, type ServicesWithKafka } from '../testing/services-with-kafka.js';

/** Several pages of a rebuild. */
const DENIALS = 12_000;

describeWithKafka(describe, 'postern rebuild, with two of each service and Kafka between them', () => {
  let services: ServicesWithKafka;
  beforeAll(async () => {
    services = await servicesWithKafka();
    await services.start(4);
  });
  afterAll(() => services?.end());

  /** Kills it with SIGKILL once it has filled some of the new tables, and before it can fill more. */
  async function killedHalfWay(): Promise<number> {
    const { environment, owner } = services;
    const holder = new pg.Client({ connectionString: environment['POSTERN_DATABASE_URL'] ?? '' });
    await holder.connect();
    const rebuild = startCommand('database-tool', ['rebuild', 'denials'], {
      ...environment,
      POSTERN_KAFKA_PARTITIONS: '4',
    });
    for (let filled = false; !filled; await sleep(5)) {
      await holder.query('BEGIN');
      const { rows } = await holder
        .query('SELECT position FROM audit_denials_next.progress WHERE position > 0 FOR UPDATE')
        .catch(() => ({ rows: [] }));
      filled = rows.length === 1;
      if (!filled) await holder.query('ROLLBACK');
    }
    rebuild.child.kill('SIGKILL');
    expect((await rebuild.end).code).toBeNull();
    await holder.end();
    // The server ends what the killed one was at.
    for (let left = 1; left > 0; await sleep(20)) {
      const { rows } = await owner.query<{ left: number }>(
        `SELECT count(*)::integer AS left FROM pg_stat_activity WHERE application_name = 'postern-rebuild'`,
      );
      left = rows[0]?.left ?? 0;
    }
    const { rows } = await owner.query<{ at: number }>(
      'SELECT position::integer AS at FROM audit_denials_next.progress',
    );
    return rows[0]?.at ?? 0;
  }

  it('killed in the midst under load, goes on where it was, and the new one is what a fresh one would be', async () => {
    await services.denials(DENIALS);
    await services.underLoad(() => sleep(1_000));
    await services.settled();
    await services.owner.query('UPDATE audit.denied_ips SET count = count + 1');
    const resumed = await services.underLoad(async () => {
      const at = await killedHalfWay();
      expect(at).toBeGreaterThan(0);
      const { code, err } = await services.command(['rebuild', 'denials', '--resume']);
      expect([code, err]).toEqual([0, expect.stringContaining(`continues at position ${at} of the journal`)]);
      return Number(/(\d+) events applied; the new/.exec(err)?.[1]);
    });
    expect(resumed).toBeLessThan(DENIALS);
    expect(await services.settled()).toEqual(services.acknowledged());
  });

  it('makes each read model anew while both instances apply: each event counts once', async () => {
    for (const model of ['relay-policies', 'directory', 'changes', 'denials']) {
      const { code, err } = await services.underLoad(() => services.command(['rebuild', model]));
      expect([code, err]).toEqual([0, expect.stringContaining('the new tables are live')]);
    }
    expect(await services.settled()).toEqual(services.acknowledged());
    expect(await services.missing()).toEqual([]);
  });
});

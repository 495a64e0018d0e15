import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newId, type Recorded } from '@postern/contracts';
import { openDataSource } from '@postern/database';
import type { DataSource } from 'typeorm';
import { until } from '@postern/testing';
import { AuditWorld } from '../testing/audit-world.js';
import { Person, recorded } from '../testing/happenings.js';
import { denialsConsumer } from '../denials/record/denials-consumer.js';
import { sweepDenials } from './denial-retention.js';
import { keptFrom } from './retention.js';

const DAY_MS = 24 * 60 * 60 * 1_000;
const now = new Date();
const daysAgo = (days: number): string => new Date(now.getTime() - days * DAY_MS).toISOString();

let world: AuditWorld;
let audit: DataSource;
let person: Person;
let url: string;
let key: string;
beforeAll(async () => {
  world = await AuditWorld.create();
  audit = await openDataSource(world.databaseUrl, 'postern_audit', { poolSize: 3 });
  key = await world.key('auditor', 'acme');
});
beforeEach(async () => {
  person = new Person(`${newId()}@acme.example`);
  url = `/v1/tenants/acme/smtp-users/${person.smtpUserId}`;
  await sweep(0);
  await world.happened(person, person.registered());
});
afterAll(async () => {
  await audit?.destroy();
  await world?.end();
});

const sweep = (days: number) => sweepDenials(audit, keptFrom(days, now));
/** Each test that expects a month of its own takes another one: the consumer creates a month once. */
const denied = (days: number) => person.denied('203.0.113.9', { occurredAt: daysAgo(days) });

async function listed(): Promise<string[]> {
  const { body } = await world.get<{ items: { occurredAt: string }[] }>(key, `${url}/denials?limit=500`);
  return body.items.map(({ occurredAt }) => occurredAt);
}

async function counted(): Promise<number> {
  const { body } = await world.get<{ items: { count: number }[] }>(key, `${url}/denied-ips`);
  return body.items.reduce((sum, { count }) => sum + count, 0);
}

async function partitions(): Promise<string[]> {
  const rows = await world.sql<{ name: string }>(
    `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'audit.denials'::regclass ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}

const partitionOf = (days: number) => `audit.denials_${daysAgo(days).slice(0, 7).replace('-', '_')}`;

describe('the retention of denials', () => {
  it('drops months that lie wholly before it, hides what is older in the others, and leaves the totals', async () => {
    await world.happened(person, denied(200), denied(91), denied(89), denied(1), denied(1_000));
    expect(await partitions()).toContain(partitionOf(200));

    const swept = await sweep(90);

    expect(swept.months).toContain(daysAgo(200).slice(0, 7));
    expect(swept.rows).toBe(1);
    expect(await partitions()).not.toContain(partitionOf(200));
    expect(await listed()).toEqual([daysAgo(1), daysAgo(89)]);
    expect(await counted()).toBe(5);
    expect(await sweep(90)).toEqual({ months: [], rows: 0 });
  });

  it('forgets the order in which denials arrived once no stream can resume from there', async () => {
    await world.happened(person, denied(1));
    await world.happened(person, denied(2));
    const arrivals = async () =>
      (
        await world.sql<{ arrival: string }>(
          'SELECT arrival FROM audit.denial_arrivals WHERE $1 = ANY (smtp_user_ids) ORDER BY 1',
          [person.smtpUserId],
        )
      ).map((row) => row.arrival);
    const [first, second] = await arrivals();
    await world.sql(`UPDATE audit.denial_arrivals SET arrived_at = now() - interval '121 minutes' WHERE arrival = $1`, [
      first,
    ]);
    await sweep(0);
    expect(await arrivals()).toEqual([second]);
  });

  it('counts a denial that comes too late once, without a row and without a month', async () => {
    await sweep(90);
    const late = denied(200);
    await world.append(person, late, denied(1));
    await until(counted, '2 denials in the totals', (count) => count === 2);
    await world.append(person, late);
    await world.append(person, denied(2));
    await until(counted, '3 denials in the totals', (count) => count === 3);
    expect(await listed()).toEqual([daysAgo(1), daysAgo(2)]);
    expect(await partitions()).not.toContain(partitionOf(200));
  });

  it('does not count a repeat of a dropped denial again, even if it would be kept by then', async () => {
    await sweep(90);
    const events = [recorded(person, denied(200), 7), recorded(person, denied(3), 8)] as Recorded[];
    const consumer = denialsConsumer(audit);
    const deliver = (batch = events) => consumer.handle({ events: batch, advance: async () => undefined });
    await deliver();
    expect(await counted()).toBe(2);
    await deliver();
    await Promise.all([deliver(events), deliver(events.toReversed())]);
    expect(await counted()).toBe(2);
    await sweep(0);
    await deliver();
    expect(await counted()).toBe(2);
    await deliver([recorded(person, denied(200), 9)] as Recorded[]);
    expect(await counted()).toBe(3);
  });

  it('has the same totals and rows after a rebuild from the journal', async () => {
    await world.happened(person, denied(200), denied(91), denied(1));
    await sweep(90);
    await world.sql(`BEGIN; TRUNCATE audit.denials, audit.denied_ips;
      DELETE FROM audit.checkpoints WHERE consumer = 'audit-denials'; COMMIT`);
    await world.append(person, denied(2));
    await until(counted, '4 denials in the totals', (count) => count === 4);
    expect(await listed()).toEqual([daysAgo(1), daysAgo(2)]);
    expect(await partitions()).not.toContain(partitionOf(200));
  });

  it('of 0 days keeps all, and shows again what a shorter one hid and did not drop', async () => {
    // The middle of last month, so that both are of one month, which is not dropped.
    const days = now.getUTCDate() + 14;
    await world.happened(person, denied(days + 0.5), denied(days - 0.5));
    await sweep(days);
    expect(await listed()).toEqual([daysAgo(days - 0.5)]);
    expect(await sweep(0)).toEqual({ months: [], rows: 0 });
    expect(await listed()).toEqual([daysAgo(days - 0.5), daysAgo(days + 0.5)]);
  });

  it('is one process’s work at a time', async () => {
    await world.happened(person, denied(235));
    const lockOwner = audit.createQueryRunner();
    await lockOwner.query('SELECT pg_advisory_lock(8025023)');
    expect(await sweep(90)).toEqual({ months: [], rows: 0 });
    await lockOwner.query('SELECT pg_advisory_unlock(8025023)');
    await lockOwner.release();
    expect((await sweep(90)).months).toEqual([daysAgo(235).slice(0, 7)]);
  });

  it('refuses to delete the last hours, and no other role may call it', async () => {
    await expect(audit.query('SELECT audit.drop_old_denials(now())')).rejects.toThrow('last twelve hours');
    const reader = await openDataSource(world.databaseUrl, 'postern_audit_reader', { poolSize: 1 });
    await expect(reader.query(`SELECT audit.drop_old_denials('2020-01-01')`)).rejects.toThrow('permission denied');
    await reader.destroy();
  });

  it('gives up at once if somebody reads the table, and has hidden the old denials anyway', async () => {
    await world.happened(person, denied(270), denied(1));
    const reader = audit.createQueryRunner();
    await reader.startTransaction();
    await reader.query('SELECT count(*) FROM audit.denials');
    await expect(sweep(90)).rejects.toMatchObject({ driverError: { code: '55P03' } });
    expect(await listed()).toEqual([daysAgo(1)]);
    await reader.rollbackTransaction();
    await reader.release();
    expect((await sweep(90)).months).toEqual([daysAgo(270).slice(0, 7)]);
  });
});

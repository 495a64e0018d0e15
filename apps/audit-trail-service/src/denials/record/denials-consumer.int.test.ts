import { Logger } from '@nestjs/common';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newId, type AuthDenialEvent, type Recorded } from '@postern/contracts';
import { openDataSource } from '@postern/database';
import type { EventBatch } from '@postern/event-bus';
import type { TestDatabase } from '@postern/testing';
import fc from 'fast-check';
import type pg from 'pg';
import type { DataSource } from 'typeorm';
import { openClient } from '@postern/testing';
import { auditDatabase } from '../../testing/audit-database.js';
import { Person, recorded } from '../../testing/happenings.js';
import { DeadLetter } from '../../dead-letters/dead-letters.js';
import { denialsConsumer } from './denials-consumer.js';
import { MAX_RELAYS_PER_IP } from './insert-denials.js';

let database: TestDatabase;
let owner: pg.Client;
let audit: DataSource;
let consumer: ReturnType<typeof denialsConsumer>;
let person: Person;
beforeAll(async () => {
  Logger.overrideLogger(false);
  database = await auditDatabase();
  owner = await openClient(database.url);
  audit = await openDataSource(database.url, 'postern_audit', { entities: [DeadLetter], poolSize: 2 });
  consumer = denialsConsumer(audit);
});
afterAll(async () => {
  await audit?.destroy();
  await owner?.end();
  await database?.drop();
});
beforeEach(() => {
  person = new Person(`${newId()}@acme.example`);
});

/** Without the checkpoint, which would let a batch pass only once: the effects themselves must be safe to repeat. */
async function deliver(...events: AuthDenialEvent[]): Promise<void> {
  const batch: EventBatch = {
    events: events.map((event, i) => recorded(person, event, i + 1) as Recorded),
    advance: async () => undefined,
  };
  await consumer.handle(batch);
}

async function totals(): Promise<pg.QueryResultRow[]> {
  const { rows } = await owner.query(
    `SELECT ip, host(address) AS address, count::integer, first_denied_at, last_denied_at, relays, reasons
       FROM audit.denied_ips WHERE smtp_user_id = $1 ORDER BY ip`,
    [person.smtpUserId],
  );
  return rows;
}

async function denialCount(): Promise<number> {
  const { rows } = await owner.query('SELECT count(*)::integer AS n FROM audit.denials WHERE smtp_user_id = $1', [
    person.smtpUserId,
  ]);
  return rows[0].n;
}

async function partitionsOf(smtpUserId: string): Promise<string[]> {
  const { rows } = await owner.query(
    'SELECT DISTINCT tableoid::regclass::text AS name FROM audit.denials WHERE smtp_user_id = $1 ORDER BY 1',
    [smtpUserId],
  );
  return rows.map((row) => row.name);
}

describe('denials', () => {
  it('that come in a batch which is applied five times are recorded and counted once', async () => {
    const events = [
      person.denied('203.0.113.9', { count: 3 }),
      person.denied('203.0.113.9'),
      person.denied('2001:db8::1'),
    ];
    for (let time = 0; time < 5; time++) await deliver(...events);
    expect(await denialCount()).toBe(3);
    expect(await totals()).toMatchObject([
      { ip: '2001:db8::1', address: '2001:db8::1', count: 1 },
      { ip: '203.0.113.9', address: '203.0.113.9', count: 4 },
    ]);
  });

  it('count once by their id, within a batch and across batches that overlap', async () => {
    const [first, second, third] = [
      person.denied('203.0.113.9'),
      person.denied('203.0.113.9'),
      person.denied('203.0.113.9'),
    ];
    await deliver(first, second, first);
    await deliver(second, third);
    expect(await denialCount()).toBe(3);
    expect(await totals()).toMatchObject([{ count: 3 }]);
  });

  it('raise the totals equally in any batches, repeats and order', async () => {
    const denial = fc.record({
      ip: fc.constantFrom('203.0.113.1', '203.0.113.2', '2001:db8::1', 'no address'),
      count: fc.integer({ min: 1, max: 9 }),
      minute: fc.integer({ min: 10, max: 59 }),
      relay: fc.constantFrom('mx1', 'mx2'),
    });
    const history = fc.tuple(
      fc.array(denial, { minLength: 1, maxLength: 12 }),
      fc.array(fc.array(fc.nat(11), { minLength: 1, maxLength: 8 }), { maxLength: 6 }),
    );
    await fc.assert(
      fc.asyncProperty(history, async ([denials, repeats]) => {
        person = new Person(`${newId()}@acme.example`);
        const events = denials.map(({ ip, count, minute, relay }) =>
          person.denied(ip, { count, relay, occurredAt: `2026-11-20T08:${minute}:00.000Z` }),
        );
        for (const batch of repeats) await deliver(...batch.flatMap((i) => events[i] ?? []));
        await deliver(...events);
        const byIp = Map.groupBy(denials, ({ ip }) => ip);
        const expected = [...byIp].map(([ip, those]) => ({
          ip,
          count: those.reduce((sum, { count }) => sum + count, 0),
          first_denied_at: new Date(`2026-11-20T08:${Math.min(...those.map(({ minute }) => minute))}:00.000Z`),
          last_denied_at: new Date(`2026-11-20T08:${Math.max(...those.map(({ minute }) => minute))}:00.000Z`),
          relays: expect.arrayContaining([...new Set(those.map(({ relay }) => relay))]),
        }));
        expect(await totals()).toMatchObject(expected.sort((a, b) => (a.ip < b.ip ? -1 : 1)));
      }),
      { numRuns: 25 },
    );
  });

  it('that were held up lower the first time and leave the last', async () => {
    await deliver(person.denied('203.0.113.9', { occurredAt: '2026-11-20T09:00:00.000Z' }));
    await deliver(person.denied('203.0.113.9', { occurredAt: '2026-11-01T07:00:00.000Z', reason: 'no-live-entry' }));
    expect(await totals()).toEqual([
      {
        ip: '203.0.113.9',
        address: '203.0.113.9',
        count: 2,
        first_denied_at: new Date('2026-11-01T07:00:00.000Z'),
        last_denied_at: new Date('2026-11-20T09:00:00.000Z'),
        relays: ['mx1'],
        reasons: ['ip-not-authorized', 'no-live-entry'],
      },
    ]);
  });

  it('of one address remember a bounded number of relays, the first ones', async () => {
    for (let relay = 10; relay < 15; relay++) await deliver(person.denied('203.0.113.9', { relay: `mx${relay}` }));
    await deliver(...Array.from({ length: 50 }, (_, i) => person.denied('203.0.113.9', { relay: `mx${20 + i}` })));
    const [total] = await totals();
    expect(total?.['count']).toBe(55);
    expect(total?.['relays']).toHaveLength(MAX_RELAYS_PER_IP);
    expect(total?.['relays'].slice(0, 5)).toEqual(['mx10', 'mx11', 'mx12', 'mx13', 'mx14']);
  });

  it('keep the text of what is not an address', async () => {
    await deliver(person.denied('unix:/run/x', { reason: 'source-ip-invalid' }));
    await deliver(person.denied('unix:/run/x', { reason: 'source-ip-invalid' }));
    expect(await totals()).toMatchObject([
      { ip: 'unix:/run/x', address: null, count: 2, reasons: ['source-ip-invalid'] },
    ]);
  });

  it('that cannot be read become dead letters with the reason, and stop no other', async () => {
    const bad = person.denied('203.0.113.9', { occurredAt: 'yesterday' });
    for (let time = 0; time < 2; time++)
      await deliver(bad, person.denied('203.0.113.9', { denialId: bad.data.denialId.replace(/^..../, 'ffff') }));
    expect(await denialCount()).toBe(1);
    const { rows } = await owner.query('SELECT reason, event, tenant_id FROM audit.dead_letters WHERE id = $1', [
      bad.data.denialId,
    ]);
    expect(rows).toEqual([
      {
        reason: 'has an occurredAt that is not a time',
        tenant_id: 'acme',
        event: expect.objectContaining({ data: bad.data }),
      },
    ]);
  });

  it('leave no trace, neither row nor total, when the checkpoint has moved on', async () => {
    const batch: EventBatch = {
      events: [recorded(person, person.denied('203.0.113.9'), 1) as Recorded],
      advance: async () => {
        throw new Error('moved');
      },
    };
    await expect(consumer.handle(batch)).rejects.toThrow('moved');
    expect(await denialCount()).toBe(0);
    expect(await totals()).toEqual([]);
  });
});

describe('the months of denials', () => {
  const now = new Date();
  const month = (ahead: number) =>
    new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead, 15)).toISOString();
  const partition = (time: string) => `audit.denials_${time.slice(0, 7).replace('-', '_')}`;

  it('have partitions of their own, made before the first denial of this and the next two', async () => {
    await deliver(person.denied('203.0.113.9', { occurredAt: month(0) }));
    const { rows } = await owner.query(
      `SELECT to_regclass(name) IS NOT NULL AS there FROM unnest($1::text[]) AS name`,
      [[0, 1, 2].map((ahead) => partition(month(ahead)))],
    );
    expect(rows).toEqual([{ there: true }, { there: true }, { there: true }]);
    await deliver(person.denied('203.0.113.9', { occurredAt: month(-5) }));
    expect(await partitionsOf(person.smtpUserId)).toEqual([partition(month(-5)), partition(month(0))].sort());
  });

  it('accept denials of a relay with a wrong clock, in the default partition', async () => {
    await deliver(
      person.denied('203.0.113.9', { occurredAt: '2000-01-01T00:00:00.000Z' }),
      person.denied('203.0.113.9', { occurredAt: '9999-12-31T23:59:59.999Z' }),
    );
    expect(await partitionsOf(person.smtpUserId)).toEqual(['audit.denials_of_no_month']);
    expect(await totals()).toMatchObject([{ count: 2 }]);
  });

  it('take over the rows that came before their creation', async () => {
    await deliver(person.denied('203.0.113.9', { occurredAt: '2131-03-31T23:59:59.999Z' }));
    await deliver(person.denied('203.0.113.9', { occurredAt: '2131-04-01T00:00:00.000Z' }));
    await audit.query(`SELECT audit.prepare_denial_month('2131-03-09')`);
    expect(await partitionsOf(person.smtpUserId)).toEqual(['audit.denials_2131_03', 'audit.denials_of_no_month']);
    expect(await denialCount()).toBe(2);
  });

  it('are made once by several who need them at the same time', async () => {
    for (let month = 1; month <= 6; month++) {
      const prepare = () => audit.query(`SELECT audit.prepare_denial_month($1::date)`, [`2132-0${month}-01`]);
      await expect(Promise.all([prepare(), prepare()])).resolves.toHaveLength(2);
    }
  });

  it('wait if the table is locked, while denials do not wait', async () => {
    await owner.query('BEGIN');
    await owner.query('LOCK TABLE audit.denials_of_no_month IN ACCESS SHARE MODE');
    try {
      await denialsConsumer(audit).handle({
        events: [recorded(person, person.denied('203.0.113.9', { occurredAt: month(-7) }), 1) as Recorded],
        advance: async () => undefined,
      });
    } finally {
      await owner.query('COMMIT');
    }
    expect(await partitionsOf(person.smtpUserId)).toEqual(['audit.denials_of_no_month']);
  });
});

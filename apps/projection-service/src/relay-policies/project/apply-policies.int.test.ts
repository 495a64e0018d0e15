import { recorded, UserStory } from '@postern/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { digestToHex, type RelayPolicy } from '@postern/contracts';
import { openDataSource } from '@postern/database';
import type { TestDatabase } from '@postern/testing';
import type { DataSource } from 'typeorm';
import { migratedDatabase } from '../../testing/migrated-database.js';
import { POLICY_LINES, totalsOf, type TotalsRecord } from '../published-policies.js';
import { applyPolicies } from './apply-policies.js';

let database: TestDatabase;
let writer: DataSource;
beforeAll(async () => {
  database = await migratedDatabase();
  writer = await openDataSource(database.url, 'postern_projection', { poolSize: 4 });
});
afterAll(async () => {
  await writer.destroy();
  await database.drop();
});

const apply = (events: Parameters<typeof applyPolicies>[1]) => writer.transaction((m) => applyPolicies(m, events));

async function lines(where = 'revision IS NOT NULL'): Promise<RelayPolicy[]> {
  const records = await writer.query<{ line: string }[]>(
    `SELECT row_to_json(line)::text AS line FROM (${POLICY_LINES} WHERE ${where} ORDER BY revision) line`,
  );
  return records.map(({ line }) => JSON.parse(line) as RelayPolicy);
}

async function totals() {
  const [record] = await writer.query<TotalsRecord[]>(
    'SELECT revision, policies, digest FROM projection.relay_policy_totals',
  );
  if (!record) throw new Error('no totals');
  const { digest, ...rest } = totalsOf(record);
  return { ...rest, digest: digestToHex(digest) };
}

describe('applying events to the relay policies', () => {
  let user: UserStory;
  beforeEach(() => {
    user = new UserStory();
  });

  it('writes the line that relays read, member for member', async () => {
    const { revision: before } = await totals();
    user
      .registered('App@acme.example')
      .restricted('203.0.113.0/24')
      .restricted('2001:db8::/64', '2030-01-01T00:00:00.000Z');
    await apply(recorded(user.history));
    expect(await lines(`smtp_user_id = '${user.smtpUserId}'`)).toEqual([
      {
        username: 'App@acme.example',
        tenantId: 'acme',
        smtpUserId: user.smtpUserId,
        restricted: true,
        mode: 'enforce',
        enforceAt: null,
        entries: [
          { range: '203.0.113.0/24', expiresAt: null },
          { range: '2001:db8::/64', expiresAt: '2030-01-01T00:00:00.000Z' },
        ],
        version: 3,
        revision: before + 1,
        removed: false,
      },
    ]);
  });

  it('applied again and again, a batch changes nothing: no row, no revision, no total', async () => {
    const other = new UserStory().registered('twice@acme.example');
    const events = recorded([
      ...user.registered('once@acme.example').restricted('203.0.113.1').renamed('twice-no@acme.example').history,
      ...other.removed().history,
      ...new UserStory().registered('twice@acme.example').history,
    ]);
    await apply(events);
    const [rows, sums] = [await lines(), await totals()];
    for (let again = 0; again < 3; again++) await apply(events);
    for (const event of events) await apply([event]);
    expect(await lines()).toEqual(rows);
    expect(await totals()).toEqual(sums);
  });

  it('gives revisions in commit order, not in the order of the starts', async () => {
    const { revision: before } = await totals();
    const batches = Array.from({ length: 20 }, (_, i) =>
      recorded(new UserStory().registered(`order-${i}@acme.example`).history),
    );
    const committed: number[] = [];
    await Promise.all(
      batches.map(async (batch) => {
        const seen = await writer.transaction(async (m) => {
          await applyPolicies(m, batch);
          const [own] = await m.query<{ revision: string }[]>('SELECT revision FROM projection.relay_policy_totals');
          return Number(own?.revision);
        });
        committed.push(seen);
      }),
    );
    expect(committed.toSorted((a, b) => a - b)).toEqual(batches.map((_, i) => before + 1 + i));
    expect((await lines(`revision > ${before}`)).map((line) => line.revision)).toEqual(
      batches.map((_, i) => before + 1 + i),
    );
  });
});

describe('who may see relay policies', () => {
  it('the relays’ role reads them and the totals, and can neither write nor read the directory', async () => {
    const reader = await openDataSource(database.url, 'postern_relay_reader', { poolSize: 1 });
    try {
      expect((await reader.query<unknown[]>('SELECT * FROM projection.relay_policies')).length).toBeGreaterThan(0);
      expect(await reader.query('SELECT one_row FROM projection.relay_policy_totals')).toEqual([{ one_row: true }]);
      for (const sql of [
        'UPDATE projection.relay_policies SET removed = true',
        'DELETE FROM projection.relay_policies',
        'UPDATE projection.relay_policy_totals SET revision = 0',
        'SELECT * FROM projection.smtp_users',
        'SELECT * FROM projection.checkpoints',
      ]) {
        await expect(reader.query(sql)).rejects.toThrow('permission denied');
      }
    } finally {
      await reader.destroy();
    }
  });

  it('the directory’s role does not', async () => {
    const reader = await openDataSource(database.url, 'postern_directory_reader', { poolSize: 1 });
    try {
      await expect(reader.query('SELECT * FROM projection.relay_policies')).rejects.toThrow('permission denied');
    } finally {
      await reader.destroy();
    }
  });
});

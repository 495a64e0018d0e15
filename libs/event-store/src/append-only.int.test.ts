import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DATABASE_ROLES, inTenant } from '@postern/database';
import { openClient } from '@postern/testing';
import { Journal, readStream } from './index.js';
import { appendOf, journalFixture, type JournalFixture } from './testing/journal-fixture.js';

const CHANGES = [
  `UPDATE journal.events SET data = '{}'`,
  'DELETE FROM journal.events',
  'TRUNCATE journal.events',
  'DELETE FROM journal.events WHERE false',
];

let fixture: JournalFixture;
beforeAll(async () => {
  fixture = await journalFixture();
  const journal = new Journal(await fixture.as('postern_journal_writer'));
  await journal.append(appendOf('smtp-user/1', 0));
  await journal.append({ ...appendOf('smtp-user/2', 0), tenantId: 'globex' as never });
  await journal.append({ ...appendOf('api-key/1', 0), tenantId: null });
  await journal.stop();
});
afterAll(() => fixture?.close());

describe('UPDATE, DELETE and TRUNCATE of the journal', () => {
  it.each(DATABASE_ROLES)('are refused to %s', async (role) => {
    const dataSource = await fixture.as(role, 1);
    for (const sql of CHANGES) await expect(dataSource.query(sql)).rejects.toThrow(/permission denied/);
  });

  it('are refused to the owner by the triggers, even in the guise of a replica', async () => {
    const owner = await openClient(fixture.url);
    for (const mode of ['origin', 'replica']) {
      await owner.query(`SET session_replication_role = ${mode}`);
      for (const sql of CHANGES) await expect(owner.query(sql)).rejects.toThrow('append-only');
    }
    expect((await owner.query('SELECT count(*)::int AS n FROM journal.events')).rows).toEqual([{ n: 3 }]);
    await owner.end();
  });
});

describe('who sees what of the journal', () => {
  it('postern_command sees only its tenant’s events, and none without a tenant', async () => {
    const command = await fixture.as('postern_command', 1);
    const tenants = (m: { query(sql: string): Promise<{ t: string }[]> }) =>
      m.query('SELECT DISTINCT tenant_id AS t FROM journal.events');
    expect(await inTenant(command, 'acme', tenants)).toEqual([{ t: 'acme' }]);
    expect(await inTenant(command, 'acme', (m) => readStream(m, 'smtp-user/2'))).toEqual([]);
    expect(await inTenant(command, 'globex', tenants)).toEqual([{ t: 'globex' }]);
    expect(await tenants(command)).toEqual([]);
  });

  it('postern_feed sees all, postern_access the keys and tenants, the writer no content', async () => {
    const count = 'SELECT count(*)::int AS n FROM journal.events';
    expect(await (await fixture.as('postern_feed', 1)).query(count)).toEqual([{ n: 3 }]);
    expect(await (await fixture.as('postern_access', 1)).query('SELECT stream_id FROM journal.events')).toEqual([
      { stream_id: 'api-key/1' },
    ]);
    const writer = await fixture.as('postern_journal_writer', 1);
    expect(await writer.query('SELECT max(version) AS v, count(event_id)::int AS n FROM journal.events')).toEqual([
      { v: 1, n: 3 },
    ]);
    await expect(writer.query('SELECT data FROM journal.events')).rejects.toThrow('permission denied');
  });

  it('nobody but the writer may append, and the writer can’t choose a place in the feed', async () => {
    const insert = `INSERT INTO journal.events (xid, stream_id, version, event_id, type, schema_version, data, metadata, recorded_at)
      VALUES ('1', 's/1', 1, gen_random_uuid(), 't', 1, '{}', '{}', now())`;
    await expect((await fixture.as('postern_journal_writer', 1)).query(insert)).rejects.toThrow('permission denied');
    for (const role of DATABASE_ROLES.filter((role) => role !== 'postern_journal_writer'))
      await expect((await fixture.as(role, 1)).query(`SELECT journal.append('[]')`)).rejects.toThrow(
        'permission denied',
      );
  });
});

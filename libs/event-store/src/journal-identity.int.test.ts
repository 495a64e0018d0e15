import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DATABASE_ROLES } from '@postern/database';
import { openClient } from '@postern/testing';
import { loadJournalId } from './index.js';
import { journalFixture, type JournalFixture } from './testing/journal-fixture.js';

const CONSUMERS = ['postern_feed', 'postern_projection', 'postern_audit'] as const;
const OTHERS = DATABASE_ROLES.filter((role) => !CONSUMERS.some((each) => each === role));

let fixture: JournalFixture;
beforeAll(async () => {
  fixture = await journalFixture();
});
afterAll(() => fixture?.close());

describe('the journal’s identity', () => {
  it('is one UUID, the same for everybody who may read it', async () => {
    const ids = await Promise.all(CONSUMERS.map(async (role) => loadJournalId(await fixture.as(role, 1))));
    expect(ids).toEqual([ids[0], ids[0], ids[0]]);
    expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it.each(['postern_projection', 'postern_audit'] as const)('opens nothing else of the journal to %s', async (role) => {
    const from = await fixture.as(role, 1);
    const tables = await from.query(
      `SELECT relname, privilege FROM pg_class, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) privilege
        WHERE relnamespace = 'journal'::regnamespace AND relkind = 'r'
          AND (has_table_privilege(oid, privilege)
               OR privilege IN ('SELECT', 'INSERT', 'UPDATE') AND has_any_column_privilege(oid, privilege))`,
    );
    expect(tables).toEqual([{ relname: 'identity', privilege: 'SELECT' }]);
    const asOwner = await from.query(
      `SELECT proname FROM pg_proc WHERE pronamespace = 'journal'::regnamespace AND prosecdef AND has_function_privilege(oid, 'EXECUTE')
        ORDER BY proname`,
    );
    expect(asOwner).toEqual([{ proname: 'publisher_lag' }]);
  });

  it.each(OTHERS)('is nothing to %s', async (role) => {
    const from = await fixture.as(role, 1);
    await expect(loadJournalId(from)).rejects.toThrow(/permission denied/);
  });

  it('stays the one that it is: there is never a second', async () => {
    const owner = await openClient(fixture.url);
    await expect(owner.query('INSERT INTO journal.identity DEFAULT VALUES')).rejects.toThrow('identity_pkey');
    await owner.end();
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@postern/contracts';
import { DATABASE_ROLES } from '@postern/database';
import { Client } from 'pg';
import { Journal, loadJournalId, notInJournal } from './index.js';
import { appendOf, journalFixture, renamed, type JournalFixture } from './test-support/journal-fixture.js';

const CONSUMERS = ['postern_feed', 'postern_projection', 'postern_audit'] as const;
const OTHERS = DATABASE_ROLES.filter((role) => !CONSUMERS.some((each) => each === role));

let fixture: JournalFixture;
const eventId = newId();
beforeAll(async () => {
  fixture = await journalFixture();
  const journal = new Journal(await fixture.as('postern_journal_writer'));
  await journal.append(appendOf('smtp-user/1', 0, renamed('app', eventId)));
  await journal.stop();
});
afterAll(() => fixture?.close());

describe('the journal’s identity', () => {
  it('is one UUID, the same for everybody who may read it', async () => {
    const ids = await Promise.all(CONSUMERS.map(async (role) => loadJournalId(await fixture.as(role, 1))));
    expect(ids).toEqual([ids[0], ids[0], ids[0]]);
    expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it.each(CONSUMERS)('tells %s which events the journal has, by their ids', async (role) => {
    const from = await fixture.as(role, 1);
    const [one, two] = [newId(), newId()];
    expect(await notInJournal(from, [one, eventId, two])).toEqual(new Set([one, two]));
    expect(await notInJournal(from, [])).toEqual(new Set());
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
    expect(asOwner).toEqual([{ proname: 'not_in_journal' }, { proname: 'publisher_lag' }]);
  });

  it.each(OTHERS)('is nothing to %s', async (role) => {
    const from = await fixture.as(role, 1);
    await expect(loadJournalId(from)).rejects.toThrow(/permission denied/);
    await expect(notInJournal(from, [eventId])).rejects.toThrow(/permission denied/);
  });

  it('stays the one that it is: there is never a second', async () => {
    const owner = new Client({ connectionString: fixture.url });
    await owner.connect();
    await expect(owner.query('INSERT INTO journal.identity DEFAULT VALUES')).rejects.toThrow('identity_pkey');
    await owner.end();
  });
});

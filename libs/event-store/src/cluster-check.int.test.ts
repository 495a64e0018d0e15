import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { openClient } from '@postern/testing';
import { assertJournalBelongsToCluster, Journal, JournalOfAnotherCluster } from './index.js';
import { appendOf, journalFixture, type JournalFixture } from './testing/journal-fixture.js';

let fixture: JournalFixture;
beforeAll(async () => {
  fixture = await journalFixture();
});
afterAll(() => fixture?.close());

it('a stored xid ahead of the cluster stops the start, and the message says what to do', async () => {
  const feed = await fixture.as('postern_feed');
  await assertJournalBelongsToCluster(feed);
  const journal = new Journal(await fixture.as('postern_journal_writer'));
  await journal.append(appendOf('smtp-user/1', 0));
  await assertJournalBelongsToCluster(feed);

  const owner = await openClient(fixture.url);
  await owner.query(`
    INSERT INTO journal.events (xid, stream_id, version, event_id, type, schema_version, data, metadata, recorded_at)
    SELECT (pg_current_xact_id()::text::bigint + 3000)::text::xid8, 'smtp-user/restored', 1, gen_random_uuid(), 't', 1, '{}', '{}', now()`);
  const refused = assertJournalBelongsToCluster(feed);
  await expect(refused).rejects.toThrow(JournalOfAnotherCluster);
  await expect(refused).rejects.toThrow('`postern restore <file>` into an empty database');
  await owner.end();
});

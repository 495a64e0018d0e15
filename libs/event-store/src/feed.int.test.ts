import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Recorded } from '@postern/contracts';
import type { Client } from 'pg';
import type { DataSource } from 'typeorm';
import { until, openClient } from '@postern/testing';
import { FEED_START, Journal, readFeed, type FeedPosition } from './index.js';
import { appendOf, journalFixture, type JournalFixture } from './testing/journal-fixture.js';

let fixture: JournalFixture;
let feed: DataSource;
let writer: DataSource;
let journal: Journal;
beforeAll(async () => {
  fixture = await journalFixture();
  feed = await fixture.as('postern_feed');
  writer = await fixture.as('postern_journal_writer');
  journal = new Journal(writer);
});
afterAll(() => fixture?.close());

/** Other tests of the run share the cluster, and their open transactions hold the feed back for a moment. */
async function readUntil(after: FeedPosition, enough: number): Promise<{ events: Recorded[]; position: FeedPosition }> {
  const events: Recorded[] = [];
  let position = after;
  await until(async () => {
    const page = await readFeed(feed, position, 100);
    events.push(...page.events);
    position = page.position;
    return events.length >= enough;
  }, `${enough} events`);
  return { events, position };
}

async function ownerClient(): Promise<Client> {
  const client = await openClient(fixture.url);
  return client;
}

const plainInsert = (streamId: string, version: number) =>
  `INSERT INTO journal.events (tenant_id, stream_id, version, event_id, type, schema_version, data, metadata, recorded_at)
   VALUES ('acme', '${streamId}', ${version}, gen_random_uuid(), 'SmtpUserRenamed', 1, '{}', '{}', now())`;

describe('the feed', () => {
  it('loses nothing to two open transactions, where a reader by position loses the late commit', async () => {
    const start = (await readUntil(FEED_START, 0)).position;
    const plain = (after: number) =>
      feed.query<{ position: string; stream_id: string }[]>(
        'SELECT position, stream_id FROM journal.events WHERE position > $1 ORDER BY position',
        [after],
      );
    const early = writer.createQueryRunner();
    const late = writer.createQueryRunner();
    await early.startTransaction();
    await late.startTransaction();
    await journal.appendWithin(early.manager, appendOf('smtp-user/early', 0));
    await journal.appendWithin(late.manager, appendOf('smtp-user/late', 0));
    await late.commitTransaction();

    const byPosition = await plain(0);
    const held = await readFeed(feed, start, 10);
    expect(byPosition.map((row) => row.stream_id)).toEqual(['smtp-user/late']);
    expect(held.events).toEqual([]);

    await early.commitTransaction();
    await Promise.all([early.release(), late.release()]);
    expect(await plain(Number(byPosition.at(-1)?.position))).toEqual([]);
    const { events } = await readUntil(held.position, 2);
    expect(events.map((event) => event.streamId)).toEqual(['smtp-user/early', 'smtp-user/late']);
  });

  it('would return version 3 before version 2 of a writer that took its xid before the lock', async () => {
    const start = (await readUntil(FEED_START, 2)).position;
    const [early, other] = [await ownerClient(), await ownerClient()];
    const lock = `SELECT pg_advisory_xact_lock(hashtextextended('smtp-user/wrong', 8025))`;
    await other.query(plainInsert('smtp-user/wrong', 1));
    await early.query('BEGIN');
    await early.query('SELECT pg_current_xact_id()');
    await other.query(`BEGIN; ${lock}; ${plainInsert('smtp-user/wrong', 2)}; COMMIT`);
    await early.query(`${lock}; ${plainInsert('smtp-user/wrong', 3)}; COMMIT`);
    await Promise.all([early.end(), other.end()]);
    const { events } = await readUntil(start, 3);
    expect(events.map((event) => event.version)).toEqual([1, 3, 2]);
  });

  it('keeps the versions of a stream in order, as the lock comes before the xid', async () => {
    const start = (await readUntil(FEED_START, 5)).position;
    await journal.append(appendOf('smtp-user/right', 0));
    const first = writer.createQueryRunner();
    const second = writer.createQueryRunner();
    await first.startTransaction();
    await second.startTransaction();
    await second.query('SELECT 1');
    await journal.appendWithin(first.manager, appendOf('smtp-user/right', 1));
    const waiting = journal.appendWithin(second.manager, appendOf('smtp-user/right', 2));
    await first.commitTransaction();
    expect(await waiting).toMatchObject({ version: 3 });
    await second.commitTransaction();
    await Promise.all([first.release(), second.release()]);
    const { events } = await readUntil(start, 3);
    expect(events.map((event) => event.version)).toEqual([1, 2, 3]);
  });

  it('leaves out other categories, yet moves on past them', async () => {
    const start = (await readUntil(FEED_START, 8)).position;
    await journal.append(appendOf('auth-denials/a', 0));
    await journal.append(appendOf('smtp-user/a', 0));
    await journal.append(appendOf('auth-denials/b', 0));
    const all = await readUntil(start, 3);
    const page = await readFeed(feed, start, 100, ['smtp-user']);
    expect(page.events.map((event) => event.streamId)).toEqual(['smtp-user/a']);
    expect(page).toMatchObject({ position: all.position, more: false });
    expect(await readFeed(feed, start, 1, ['smtp-user'])).toMatchObject({ events: [], more: true });
    expect((await readFeed(feed, start, 2, ['smtp-user'])).events).toHaveLength(1);
    expect(await readFeed(feed, page.position, 5, ['smtp-user'])).toMatchObject({
      events: [],
      position: page.position,
      more: false,
    });
  });

  it('reads a page from the index, without a sort', async () => {
    const plan = await feed.transaction(async (m) => {
      await m.query('SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off');
      return m.query<{ 'QUERY PLAN': string }[]>(
        `EXPLAIN SELECT * FROM journal.events
          WHERE xid < pg_snapshot_xmin(pg_current_snapshot()) AND (xid, position) > ('5'::xid8, 7::bigint)
          ORDER BY xid, position LIMIT 100`,
      );
    });
    const text = plan.map((row) => row['QUERY PLAN']).join('\n');
    expect(text).toMatch(/Index Scan using events_feed[\s\S]*Index Cond: .*ROW\(xid, "?position"?\) > ROW/);
    expect(text).not.toMatch(/Sort|Filter:/);
  });
});

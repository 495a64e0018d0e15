import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { inTenant } from '@postern/database';
import { newId } from '@postern/contracts';
import type { DataSource } from 'typeorm';
import { AppendRefused, EventExists, Journal, readStream, VersionConflict, type Append } from './index.js';
import { appendRequest } from './append-request.js';
import { acme, appendOf, journalFixture, renamed, type JournalFixture } from './testing/journal-fixture.js';

let fixture: JournalFixture;
let writer: DataSource;
let command: DataSource;
let journal: Journal;
beforeAll(async () => {
  fixture = await journalFixture();
  writer = await fixture.as('postern_journal_writer');
  command = await fixture.as('postern_command');
  journal = new Journal(writer);
});
afterAll(async () => {
  await journal?.stop();
  await fixture?.close();
});

const stream = () => `smtp-user/${newId()}`;
const read = (streamId: string, after = 0) => inTenant(command, acme, (m) => readStream(m, streamId, after));
const outcomes = (appends: Append[]) => Promise.allSettled(appends.map((append) => journal.append(append)));

describe('append', () => {
  it('numbers the events of a stream from 1 and returns them unchanged', async () => {
    const s = stream();
    const event = renamed('ünï "quoted" \\ \u{1F600}');
    const first = await journal.append(appendOf(s, 0, event, renamed()));
    expect(first).toEqual({ version: 2, recordedAt: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/), duplicates: [] });
    await journal.append(appendOf(s, 2));
    const events = await read(s);
    expect(events.map((e) => e.version)).toEqual([1, 2, 3]);
    expect(events[0]).toMatchObject({
      ...event,
      tenantId: acme,
      streamId: s,
      schemaVersion: 1,
      recordedAt: first.recordedAt,
    });
    expect((await read(s, 2)).map((e) => e.version)).toEqual([3]);
  });

  it('answers a conflict as a typed error with the actual version, and does not fail the others', async () => {
    const [s, t] = [stream(), stream()];
    await journal.append(appendOf(s, 0));
    const [conflict, fine] = await outcomes([appendOf(s, 0), appendOf(t, 0)]);
    expect(fine).toMatchObject({ status: 'fulfilled', value: { version: 1 } });
    const reason = (conflict as PromiseRejectedResult).reason as VersionConflict;
    expect(reason).toBeInstanceOf(VersionConflict);
    expect(reason).toMatchObject({ streamId: s, expected: 0, actual: 1 });
  });

  it('commits appends that belong together in one transaction, and names what of them was known', async () => {
    const streams = Array.from({ length: 600 }, stream);
    const known = renamed();
    await journal.append(appendOf(streams[0] as string, 'any', known));
    const appended = await journal.appendAll(
      streams.map((s, i) => ({
        ...appendOf(s, 'any', i === 0 ? known : renamed()),
        expectedVersion: 'any' as const,
      })),
    );
    expect(appended.map(({ version, duplicates }) => [version, duplicates])).toEqual(
      streams.map((_, i) => [1, i === 0 ? [known.eventId] : []]),
    );
    const feed = await fixture.as('postern_feed');
    const [{ transactions, events } = {}] = await feed.query<{ transactions: number; events: number }[]>(
      'SELECT count(DISTINCT xid)::integer AS transactions, count(*)::integer AS events FROM journal.events WHERE stream_id = ANY ($1)',
      [streams.slice(1)],
    );
    expect({ transactions, events }).toEqual({ transactions: 1, events: 599 });
  });

  it('judges appends to one stream in one batch upon each other', async () => {
    const s = stream();
    const results = await outcomes([
      appendOf(s, 0),
      appendOf(s, 1, renamed(), renamed()),
      appendOf(s, 1),
      appendOf(s, 3),
      appendOf(s, 'any'),
    ]);
    expect(
      results.map((r) => (r.status === 'fulfilled' ? r.value.version : (r.reason as VersionConflict).actual)),
    ).toEqual([1, 3, 3, 4, 5]);
    expect(results.map((r) => r.status === 'fulfilled')).toEqual([true, true, false, true, true]);
    expect((await read(s)).map((e) => e.version)).toEqual([1, 2, 3, 4, 5]);
  });

  it('accepts a batch in which streams occur several times, each append at its position', async () => {
    const [a, b] = [stream(), stream()];
    await journal.append(appendOf(b, 0));
    const results = await outcomes([
      appendOf(a, 'any', renamed('1'), renamed('2')),
      appendOf(b, 1, renamed('3')),
      appendOf(a, 'any', renamed('4')),
      appendOf(b, 2, renamed('5')),
      appendOf(a, 3, renamed('6')),
    ]);
    expect(results).toMatchObject([2, 2, 3, 3, 4].map((version) => ({ status: 'fulfilled', value: { version } })));
    const names = async (s: string) => (await read(s)).map(({ version, data }) => [version, data]);
    const renamedTo = (...list: string[]) => list.map((username, i) => [i + 1, { username, previousUsername: 'old' }]);
    expect(await names(a)).toEqual(renamedTo('1', '2', '4', '6'));
    expect(await names(b)).toEqual(renamedTo('app', '3', '5'));
  });

  it('judges a batch of streams at different versions together, each by its own version', async () => {
    const [low, high] = [stream(), stream()].toSorted() as [string, string];
    await journal.append(appendOf(low, 0));
    await journal.append(appendOf(high, 0, renamed(), renamed(), renamed()));
    // By the function itself: the journal would hide a batch that fails by sending its appends one by one.
    const batch = [appendOf(high, 3), appendOf(low, 1)].map(
      (append) => JSON.parse(appendRequest(append).json) as unknown,
    );
    const rows = await writer.query<unknown[]>('SELECT journal.append($1::jsonb) AS answer', [JSON.stringify(batch)]);
    expect(rows).toMatchObject([{ answer: { versions: [4, 2], outcomes: null } }]);
    expect((await read(high)).map((e) => e.version)).toEqual([1, 2, 3, 4]);
    expect((await read(low)).map((e) => e.version)).toEqual([1, 2]);
  });

  it("skips, with 'any', the ids that the journal or the batch has already, and names them", async () => {
    const s = stream();
    const [a, b, c] = [renamed('a'), renamed('b'), renamed('c')];
    await journal.append(appendOf(s, 'any', a));
    const results = await outcomes([appendOf(s, 'any', a, b, b), appendOf(s, 'any', b, a, c), appendOf(s, 'any', c)]);
    expect(results).toMatchObject([
      { value: { version: 2, duplicates: [a.eventId, b.eventId] } },
      { value: { version: 3, duplicates: [b.eventId, a.eventId] } },
      { value: { version: 3, duplicates: [c.eventId] } },
    ]);
    expect((await read(s)).map((e) => e.eventId)).toEqual([a.eventId, b.eventId, c.eventId]);
  });

  it('does not treat an id of a refused append as already stored', async () => {
    const [s, t] = [stream(), stream()];
    const event = renamed();
    const results = await outcomes([appendOf(s, 7, event), appendOf(t, 'any', event)]);
    expect(results).toMatchObject([{ status: 'rejected' }, { value: { version: 1, duplicates: [] } }]);
  });

  it('refuses only the append with an id that exists, if the version was given', async () => {
    const [s, t] = [stream(), stream()];
    const event = renamed();
    await journal.append(appendOf(s, 0, event));
    const results = await outcomes([
      appendOf(s, 1, event),
      appendOf(t, 0, renamed('x')),
      appendOf(t, 1, renamed(), event),
    ]);
    expect(results.map((r) => r.status)).toEqual(['rejected', 'fulfilled', 'rejected']);
    expect((results[0] as PromiseRejectedResult).reason).toMatchObject({
      name: 'EventExists',
      eventIds: [event.eventId],
    });
    expect((results[2] as PromiseRejectedResult).reason).toBeInstanceOf(EventExists);
  });

  it('refuses only the append that PostgreSQL cannot store', async () => {
    const [s, t] = [stream(), stream()];
    const results = await outcomes([
      appendOf(s, 0, renamed('nul \u0000')),
      appendOf(t, 0),
      appendOf(s, 0, renamed('\ud800')),
    ]);
    expect(results.map((r) => r.status)).toEqual(['rejected', 'fulfilled', 'rejected']);
    expect((results[0] as PromiseRejectedResult).reason).toBeInstanceOf(AppendRefused);
    await expect(journal.append({ ...appendOf(s, 0), events: [] })).rejects.toThrow(AppendRefused);
    await expect(journal.append(appendOf(s, -1))).rejects.toThrow(AppendRefused);
  });

  it('within the caller’s transaction is undone with it', async () => {
    const s = stream();
    await writer
      .transaction(async (m) => {
        expect(await journal.appendWithin(m, appendOf(s, 0))).toMatchObject({ version: 1 });
        throw new Error('changed my mind');
      })
      .catch(() => undefined);
    expect(await read(s)).toEqual([]);
    await writer.transaction((m) => journal.appendWithin(m, appendOf(s, 0)));
    await expect(writer.transaction((m) => journal.appendWithin(m, appendOf(s, 0)))).rejects.toThrow(VersionConflict);
  });

  it('is refused in a transaction that has written before: its place in the feed would be too early', async () => {
    const late = writer.transaction(async (m) => {
      await m.query('SELECT pg_current_xact_id()');
      await journal.appendWithin(m, appendOf(stream(), 0));
    });
    await expect(late).rejects.toThrow('must come before anything else that writes');
  });

  it('waits for an open transaction on the same stream and then sees what it added', async () => {
    const s = stream();
    let other: Promise<unknown> = Promise.resolve();
    await writer.transaction(async (m) => {
      await journal.appendWithin(m, appendOf(s, 0));
      other = journal.append(appendOf(s, 0)).catch((error: unknown) => error);
      await new Promise((done) => setTimeout(done, 30));
    });
    expect(await other).toMatchObject({ name: 'VersionConflict', actual: 1 });
  });
});

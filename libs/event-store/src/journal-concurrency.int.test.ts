import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { newId } from '@postern/contracts';
import { until } from '@postern/testing';
import { FEED_START, Journal, readFeed, VersionConflict, type FeedPosition } from './index.js';
import { appendOf, journalFixture, renamed, type JournalFixture } from './testing/journal-fixture.js';

let fixture: JournalFixture;
beforeAll(async () => {
  fixture = await journalFixture();
});
afterAll(() => fixture?.close());

const attempt = fc.record({
  stream: fc.integer({ min: 0, max: 2 }),
  journal: fc.integer({ min: 0, max: 3 }),
  expected: fc.oneof(fc.constant('any' as const), fc.integer({ min: 0, max: 12 })),
  events: fc.integer({ min: 1, max: 3 }),
});

describe('many concurrent appends to few streams', () => {
  it('leave no gap and no double, keep the feed in version order, and every acknowledged event is there once', async () => {
    const feed = await fixture.as('postern_feed');
    // Four processes' worth of journals, whose batches differ in size.
    const journals = [
      new Journal(await fixture.as('postern_journal_writer')),
      new Journal(await fixture.as('postern_journal_writer'), { events: 2 }),
      new Journal(await fixture.as('postern_journal_writer'), { events: 3 }),
      new Journal(await fixture.as('postern_journal_writer'), { events: 5 }),
    ];
    let read: FeedPosition = FEED_START;
    await fc.assert(
      fc.asyncProperty(fc.array(attempt, { minLength: 20, maxLength: 60 }), async (attempts) => {
        const run = newId();
        const acknowledged: string[] = [];
        await Promise.all(
          attempts.map(async ({ stream, journal, expected, events }) => {
            const added = Array.from({ length: events }, () => renamed());
            try {
              await journals[journal]?.append(appendOf(`smtp-user/${run}-${stream}`, expected, ...added));
              acknowledged.push(...added.map((event) => event.eventId ?? ''));
            } catch (error) {
              expect(error).toBeInstanceOf(VersionConflict);
            }
          }),
        );
        const versions = new Map<string, number[]>();
        const found: string[] = [];
        await until(async () => {
          const page = await readFeed(feed, read, 50);
          read = page.position;
          for (const event of page.events) {
            found.push(event.eventId);
            versions.set(event.streamId, [...(versions.get(event.streamId) ?? []), event.version]);
          }
          return found.length >= acknowledged.length;
        }, 'every event in the feed');
        expect(found.toSorted()).toEqual(acknowledged.toSorted());
        for (const list of versions.values()) expect(list).toEqual(list.map((_, i) => i + 1));
      }),
      { numRuns: 25 },
    );
    await Promise.all(journals.map((journal) => journal.stop()));
  });
});

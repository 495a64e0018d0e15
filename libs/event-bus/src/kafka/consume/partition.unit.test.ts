import { describe, expect, it } from '@jest/globals';
import { TOPICS, type JournalId } from '@postern/contracts';
import { FEED_START, type PartitionCheckpoint } from '@postern/event-store';
import { Partition } from './partition.js';

const [USERS, DENIALS] = [TOPICS.smtpUsers, TOPICS.authDenials];
const JOURNAL = '5a6f1c1e-0000-4000-8000-00000000001d' as JournalId;
const DAY_MS = 24 * 3_600_000;
const place = (position: number) => ({ xid: '700', position });

/** A checkpoint at offset 20, behind the event at place 5; `changes` of it. */
const at = (changes: Partial<PartitionCheckpoint> = {}): PartitionCheckpoint => ({
  position: place(5),
  offset: 20,
  stored: true,
  floor: FEED_START,
  floorAgeMs: null,
  ...changes,
});
const next = (topic: typeof USERS | typeof DENIALS, stored: PartitionCheckpoint, low: number, high: number) =>
  new Partition(topic, 0, stored, { low, high }, { parks: topic === DENIALS, journal: JOURNAL }).next;

describe('where a consumer begins in a partition', () => {
  it('looks at the last message that it applied, or goes on behind it where that was deleted with its time', () => {
    expect(next(USERS, at(), 0, 30)).toBe(19);
    expect(next(DENIALS, at(), 20, 30)).toBe(20);
    expect(next(DENIALS, at(), 20, 20)).toBe(20);
  });

  it('reads a topic that was made anew from its beginning, and halts at one that has nothing of what it had applied', () => {
    expect(next(USERS, at(), 0, 12)).toBe(0);
    expect(() => next(USERS, at(), 0, 0)).toThrow('the topic was made anew and is empty');
  });

  it('needs nothing of a partition in which it had applied nothing, but put something aside', () => {
    expect(next(DENIALS, at({ position: FEED_START }), 0, 0)).toBe(0);
  });

  it('halts where messages were deleted that it had not applied', () => {
    expect(() => next(DENIALS, at(), 21, 30)).toThrow('or make the read model anew with `postern rebuild`');
    expect(() => next(DENIALS, at({ position: FEED_START, offset: null, stored: false }), 1, 30)).toThrow(
      'begins at 1',
    );
  });

  it('goes on where they were deleted but a rebuild has applied them, unless what came since may be old enough to be gone', () => {
    const rebuilt = (days: number) => at({ floor: place(9), floorAgeMs: days * DAY_MS });
    expect(next(DENIALS, rebuilt(28), 21, 30)).toBe(21);
    expect(() => next(DENIALS, rebuilt(30), 21, 30)).toThrow('begins at 21');
    // Nothing is deleted there with its time, so somebody took it away.
    expect(() => next(USERS, rebuilt(1), 21, 30)).toThrow('begins at 21');
  });
});

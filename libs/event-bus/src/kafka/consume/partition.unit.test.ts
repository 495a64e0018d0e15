import { describe, expect, it } from '@jest/globals';
import { encodeEvent, newId, TOPICS, type JournalId, type Recorded } from '@postern/contracts';
import type { KafkaMessage } from 'kafkajs';
import { assertNoneDeleted, beginning, Partition } from './partition.js';

const [USERS, DENIALS] = [TOPICS.smtpUsers, TOPICS.authDenials];
const JOURNAL = '5a6f1c1e-0000-4000-8000-00000000001d' as JournalId;
const DAY_MS = 24 * 3_600_000;
const bookmark = (offset: number, eventId: string | null = newId()) => ({ offset, eventId });

describe('where a consumer begins in a partition', () => {
  it('looks at the last message that it handled, if the partition still has that offset', () => {
    expect(beginning(bookmark(20), { low: 0, high: 30 })).toEqual({ offset: 19, checks: true });
    expect(beginning(bookmark(20), { low: 19, high: 20 })).toEqual({ offset: 19, checks: true });
  });

  it('reads the partition from its beginning where it does not, and where nothing was handled', () => {
    for (const marks of [
      { low: 0, high: 12 },
      { low: 0, high: 0 },
      { low: 20, high: 30 },
    ])
      expect(beginning(bookmark(20), marks)).toEqual({ offset: marks.low, checks: false });
    expect(beginning(undefined, { low: 3, high: 9 })).toEqual({ offset: 3, checks: false });
    expect(beginning(bookmark(0, null), { low: 0, high: 9 })).toEqual({ offset: 0, checks: false });
  });

  it('is a loss where messages were deleted before they were handled, and none where they were handled', () => {
    const check = (
      topic: typeof USERS | typeof DENIALS,
      offset: number | null,
      low: number,
      feedAgeMs: number | null,
    ) =>
      assertNoneDeleted(
        { topic, partition: 0 },
        offset === null ? undefined : bookmark(offset),
        { low, high: 30 },
        feedAgeMs,
      );
    expect(() => check(DENIALS, 20, 20, null)).not.toThrow();
    expect(() => check(DENIALS, 20, 21, null)).toThrow('begins at 21: messages were deleted before they were read');
    expect(() => check(DENIALS, 20, 21, DAY_MS)).toThrow('`postern rebuild`');
    expect(() => check(DENIALS, null, 1, null)).toThrow('begins at 1');
    // A rebuild has removed the bookmark: it has what was deleted by then, unless what came since may be old enough to be gone.
    expect(() => check(DENIALS, null, 21, 28 * DAY_MS)).not.toThrow();
    expect(() => check(DENIALS, null, 21, 30 * DAY_MS)).toThrow('begins at 21');
    // Nothing is deleted there with its time, so somebody took it away.
    expect(() => check(USERS, null, 21, DAY_MS)).toThrow(
      'fill the topic again from the journal with `postern republish`',
    );
  });
});

describe('a partition', () => {
  const message = (offset: number, eventId: string): KafkaMessage => {
    const event = {
      xid: '700',
      position: offset + 1,
      tenantId: 'acme',
      streamId: 'smtp-user/0193b0a0-0000-7000-8000-000000000001',
      version: offset + 1,
      eventId,
      type: 'SmtpUserRenamed',
      schemaVersion: 1,
      data: { username: 'new', previousUsername: 'old' },
      metadata: { actor: { role: 'admin', keyId: newId(), name: 'ci' }, correlationId: 'test', causationId: null },
      recordedAt: '2026-01-01T00:00:00.000Z',
    } as unknown as Recorded;
    const { key, value } = encodeEvent(event, JOURNAL);
    return { key: Buffer.from(key), value: Buffer.from(value), offset: String(offset) } as unknown as KafkaMessage;
  };
  const poison = (offset: number) =>
    ({ key: null, value: Buffer.from('poison'), offset: String(offset) }) as unknown as KafkaMessage;
  const partition = (of: ReturnType<typeof bookmark>, deadLetters = false) =>
    new Partition({ topic: USERS, partition: 0 }, of, { low: 0, high: 30 }, null, { deadLetters, journal: JOURNAL });

  it('continues after the last handled message, if that is the same event', () => {
    const eventId = newId();
    const same = partition(bookmark(20, eventId));
    expect([same.judge(message(19, eventId)), same.next]).toEqual(['read', 20]);
    const another = partition(bookmark(20, eventId));
    expect([another.judge(message(19, newId())), another.next]).toEqual(['seek', 0]);
  });

  it('knows the topic again by a dead letter, and not by an event in its position', () => {
    expect(partition(bookmark(20, null), true).judge(poison(19))).toBe('read');
    expect(partition(bookmark(20, null), true).judge(message(19, newId()))).toBe('seek');
    expect(partition(bookmark(20, null)).judge(poison(19))).toBe('seek');
  });

  it('looks again where what was fetched is not what was asked for', () => {
    const eventId = newId();
    const reads = partition(bookmark(20, eventId));
    reads.judge(message(19, eventId));
    reads.slice([message(20, newId())], 10);
    reads.next = 21;
    expect([
      reads.judge(message(5, newId())),
      reads.judge(message(25, newId())),
      reads.judge(message(21, newId())),
    ]).toEqual(['load', 'load', 'read']);
  });

  it('ends a slice before a message that it cannot handle, after the last one that it can', () => {
    const [one, two] = [newId(), newId()];
    const reads = partition(bookmark(0, null));
    const slice = reads.slice([message(0, one), message(1, two), poison(2), message(3, newId())], 10);
    expect([slice.offsets, slice.end, slice.halt?.name]).toEqual([
      [0, 1],
      { offset: 2, eventId: two },
      'PartitionHalted',
    ]);
    const passes = partition(bookmark(0, null), true).slice([message(0, one), poison(1)], 10);
    expect([passes.offsets, passes.unreadable.map(({ offset }) => offset), passes.end]).toEqual([
      [0],
      [1],
      { offset: 2, eventId: null },
    ]);
  });
});

import { describe, expect, it } from '@jest/globals';
import type { Recorded } from '@postern/contracts';
import fc from 'fast-check';
import type { EntityManager } from 'typeorm';
import { deliverBatch } from './deliver-batch.js';
import { EventsMissing, isNextVersion, StreamConflict, type AppliedVersion } from './stream-version.js';

const event = (streamId: string, version: number, eventId = `${streamId}-${version}`) =>
  ({ streamId, version, eventId }) as Recorded;

describe('an event’s version', () => {
  it('is the next one, a repeat, ahead of a gap, or in conflict with what was applied', () => {
    const applied = { version: 2, eventId: 's-2' };
    expect(isNextVersion(event('s', 1), undefined)).toBe(true);
    expect(isNextVersion(event('s', 3), applied)).toBe(true);
    expect([isNextVersion(event('s', 1), applied), isNextVersion(event('s', 2), applied)]).toEqual([false, false]);
    expect(() => isNextVersion(event('s', 4), applied)).toThrow(EventsMissing);
    expect(() => isNextVersion(event('s', 2), undefined)).toThrow(EventsMissing);
    expect(() => isNextVersion(event('s', 2, 'another'), applied)).toThrow(StreamConflict);
  });
});

/** A read model of versions, and two partitions that are read in turns as a scheduler says. */
class Reader {
  readonly applied = new Map<string, AppliedVersion>();
  readonly effects: string[] = [];
  readonly next = [0, 0];

  constructor(private readonly partitions: readonly (readonly Recorded[])[]) {}

  get done(): boolean {
    return this.partitions.every((events, i) => this.next[i] === events.length);
  }

  /** Handles the next events of a partition, up to `most`; true where some were. */
  async read(partition: number, most: number): Promise<boolean> {
    const from = this.next[partition] ?? 0;
    const events = this.partitions[partition]?.slice(from, from + most) ?? [];
    if (events.length === 0) return false;
    const handler = {
      consumer: 'reader',
      handle: async (batch: { events: readonly Recorded[]; advance(manager: EntityManager): Promise<void> }) => {
        // As a transaction does: all of it, or nothing.
        const [applied, effects] = [new Map(this.applied), [...this.effects]];
        for (const each of batch.events) {
          if (!isNextVersion(each, applied.get(each.streamId))) continue;
          applied.set(each.streamId, each);
          effects.push(each.eventId);
        }
        await batch.advance({} as EntityManager);
        for (const [stream, version] of applied) this.applied.set(stream, version);
        this.effects.splice(0, this.effects.length, ...effects);
      },
    };
    const move = async (_: EntityManager, count: number) => void (this.next[partition] = from + count);
    await deliverBatch(handler, { events, move }).catch((error: unknown) => {
      if (!(error instanceof EventsMissing)) throw error;
    });
    return (this.next[partition] ?? 0) > from;
  }
}

describe('two partitions, to which the streams’ events go before and after partitions were added', () => {
  const scenario = fc.record({
    /** In the order of the feed; by stream. */
    streams: fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 40 }),
    /** From which event on the streams are in the other partition; a publisher may notice it late for some. */
    moves: fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 6, maxLength: 6 }),
    /** A publisher that sends from an earlier event again. */
    repeats: fc.array(fc.record({ after: fc.integer({ min: 0, max: 39 }), from: fc.integer({ min: 0, max: 39 }) }), {
      maxLength: 3,
    }),
    turns: fc.array(fc.record({ partition: fc.integer({ min: 0, max: 1 }), most: fc.integer({ min: 1, max: 9 }) }), {
      maxLength: 60,
    }),
    restartsAt: fc.array(fc.integer({ min: 0, max: 59 }), { maxLength: 3 }),
  });

  it('in any order of reading, with repeats and restarts from the beginning, apply each event once, in order per stream, and never wait for each other for ever', async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async ({ streams, moves, repeats, turns, restartsAt }) => {
        const versions = new Map<number, number>();
        const feed = streams.map((stream) => {
          const version = (versions.get(stream) ?? 0) + 1;
          versions.set(stream, version);
          return event(`s${stream}`, version);
        });
        const sent = feed.flatMap((each, i) => [
          { each, i },
          ...repeats
            .filter(({ after, from }) => after === i && from <= i)
            .flatMap(({ from }) => feed.slice(from, i + 1).map((again, at) => ({ each: again, i: from + at }))),
        ]);
        const partitionOf = (stream: number, i: number) => (i < (moves[stream] ?? 0) ? stream % 2 : (stream + 1) % 2);
        const partitions = [0, 1].map((partition) =>
          sent.filter(({ i }) => partitionOf(streams[i] ?? 0, i) === partition).map(({ each }) => each),
        );
        const reader = new Reader(partitions);
        for (const [turn, { partition, most }] of turns.entries()) {
          if (restartsAt.includes(turn)) reader.next[partition] = 0;
          await reader.read(partition, most);
        }
        // From here on both are read: as long as something is left, one of them goes on.
        while (!reader.done) {
          const moved = [await reader.read(0, 7), await reader.read(1, 7)];
          if (!moved.includes(true)) throw new Error('Both partitions wait for each other.');
        }
        expect(reader.effects.toSorted()).toEqual(feed.map(({ eventId }) => eventId).toSorted());
        for (const stream of versions.keys()) {
          const inOrder = reader.effects.filter((id) => id.startsWith(`s${stream}-`));
          expect(inOrder).toEqual(
            feed.filter(({ streamId }) => streamId === `s${stream}`).map(({ eventId }) => eventId),
          );
        }
      }),
      { numRuns: 500 },
    );
  });
});

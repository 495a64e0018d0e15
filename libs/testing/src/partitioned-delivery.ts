import { splitStreamId, TOPIC_OF_CATEGORY, type Recorded } from '@postern/contracts';
import { deliverBatch, EventsMissing, partitionOf } from '@postern/event-bus';
import type { EntityManager } from 'typeorm';
import type { Random } from './random.js';

const MOST_PER_BATCH = 12;

/**
 * Delivers events, which are given in the feed's order, as topics do whose partitions were added on the way: the first half by `before`
 * partitions, the rest by `after`, with repeats of some stretches, read in any order of the partitions and in batches of any
 * size, some of them from the beginning again. Throws where all partitions wait for each other.
 */
export async function deliverPartitioned(
  events: readonly Recorded[],
  { before, after, random }: { readonly before: number; readonly after: number; readonly random: Random },
  apply: (events: readonly Recorded[]) => Promise<void>,
): Promise<void> {
  const partitions = new Map<string, Recorded[]>();
  const send = (event: Recorded, i: number) => {
    const { category, subject } = splitStreamId(event.streamId);
    const count = i < events.length / 2 ? before : after;
    const name = `${TOPIC_OF_CATEGORY[category]}/${partitionOf(subject, count)}`;
    partitions.set(name, [...(partitions.get(name) ?? []), event]);
  };
  for (const [i, event] of events.entries()) {
    send(event, i);
    // A publisher that was killed sends its last page again.
    if (random(50) === 0) for (let at = Math.max(0, i - 10); at <= i; at++) send(events[at] ?? event, at);
  }
  const next = new Map([...partitions.keys()].map((name) => [name, 0]));
  const left = () => [...partitions].filter(([name, all]) => (next.get(name) ?? 0) < all.length).map(([name]) => name);
  for (let waits = 0, names = left(); names.length > 0; names = left()) {
    const name = names[random(names.length)] ?? '';
    if (random(50) === 0) next.set(name, 0);
    const from = next.get(name) ?? 0;
    const batch = (partitions.get(name) ?? []).slice(from, from + 1 + random(MOST_PER_BATCH));
    const handle = async (each: { events: readonly Recorded[]; advance(manager: EntityManager): Promise<void> }) => {
      await apply(each.events);
      await each.advance({} as EntityManager);
    };
    const move = async (_: EntityManager, count: number) => void next.set(name, from + count);
    await deliverBatch({ consumer: 'test', handle }, { events: batch, move }).catch((error: unknown) => {
      if (!(error instanceof EventsMissing)) throw error;
    });
    waits = (next.get(name) ?? 0) > from ? 0 : waits + 1;
    if (waits > 100 * partitions.size) throw new Error('Every partition waits for another one.');
  }
}

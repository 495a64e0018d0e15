import type { Denial, DeniedIp } from './words.js';

interface Page {
  readonly items: DeniedIp[];
  readonly nextCursor: string | null;
}
interface Pages {
  readonly pages: Page[];
  readonly pageParams: unknown[];
}

/**
 * The loaded denied addresses with one more denial. Each stays in its place: nothing moves under the pointer.
 * Null where its address is not among them.
 */
export function withDenial<Loaded extends Pages>(loaded: Loaded, denial: Denial): Loaded | null {
  const { ip, count, occurredAt, relay, reason } = denial;
  if (!loaded.pages.some(({ items }) => items.some((item) => item.ip === ip))) return null;
  const more = (item: DeniedIp): DeniedIp => ({
    ...item,
    count: item.count + count,
    firstDeniedAt: occurredAt < item.firstDeniedAt ? occurredAt : item.firstDeniedAt,
    lastDeniedAt: occurredAt > item.lastDeniedAt ? occurredAt : item.lastDeniedAt,
    relays: withOne(item.relays, relay),
    reasons: withOne(item.reasons, reason),
  });
  const pages = loaded.pages.map((page) => ({
    ...page,
    items: page.items.map((item) => (item.ip === ip ? more(item) : item)),
  }));
  return { ...loaded, pages };
}

function withOne<Value>(values: Value[], value: Value): Value[] {
  return values.includes(value) ? values : [...values, value];
}

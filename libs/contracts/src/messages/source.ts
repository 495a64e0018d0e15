import { isUuid, type JournalId } from '../ids.js';

/** The `source` of every message until journals had an identity: it tells nothing of which one it came from. */
export const SOURCE_WITHOUT_JOURNAL = { event: '/postern/journal', policy: '/postern/relay-policies' } as const;

const URN = { event: 'urn:postern:journal:', policy: 'urn:postern:relay-policies:' } as const;

/** The `source` of a message: with its `id` it is unique in the world, as CloudEvents wants it. */
export function sourceOf(kind: keyof typeof URN, journal: JournalId): string {
  return URN[kind] + journal;
}

/** The journal that a `source` tells of; null where it is one of before and tells none, undefined where it is none of Postern's. */
export function journalOf(kind: keyof typeof URN, source: unknown): JournalId | null | undefined {
  if (source === SOURCE_WITHOUT_JOURNAL[kind]) return null;
  if (typeof source !== 'string' || !source.startsWith(URN[kind])) return undefined;
  const journal = source.slice(URN[kind].length);
  return isUuid(journal) ? (journal as JournalId) : undefined;
}

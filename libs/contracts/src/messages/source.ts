import { isUuid, type JournalId } from '../ids.js';

const URN = { event: 'urn:postern:journal:', policy: 'urn:postern:relay-policies:' } as const;

/** The `source` of a message: with its `id` it is unique in the world, as CloudEvents wants it. */
export function sourceOf(kind: keyof typeof URN, journal: JournalId): string {
  return URN[kind] + journal;
}

/** The journal that a `source` names; null where it is none of Postern's. */
export function journalOf(kind: keyof typeof URN, source: unknown): JournalId | null {
  if (typeof source !== 'string' || !source.startsWith(URN[kind])) return null;
  const journal = source.slice(URN[kind].length);
  return isUuid(journal) ? (journal as JournalId) : null;
}

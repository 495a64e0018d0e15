import type { Schema } from '../../../api/client.js';

const UNUSED_AFTER_MS = 90 * 86_400_000;

/**
 * Whether an entry let nobody in for 90 days. False if the entry or the relays' reports are younger than that.
 * @param since when the first relay reported logins; null: none has
 */
export function isUnused(
  { entry, lastMatchedAt }: Pick<Schema<'UsedEntry'>, 'entry' | 'lastMatchedAt'>,
  since: string | null,
  now: number,
): boolean {
  const before = now - UNUSED_AFTER_MS;
  return [entry.addedAt, since, lastMatchedAt ?? entry.addedAt].every((at) => at !== null && Date.parse(at) < before);
}

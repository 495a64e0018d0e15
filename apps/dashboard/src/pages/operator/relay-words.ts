import type { Schema } from '../../api/client.js';

export type Relay = Schema<'RelayState'>;

/** How far a relay is behind, in words. */
export function behindInWords({ behind, revision }: Pick<Relay, 'behind' | 'revision'>): string {
  if (revision === null || behind === null) return 'no policies yet';
  return behind === 0 ? 'up to date' : `${behind.toLocaleString('en')} behind`;
}

/** The rows that were shown before, as they are now, and how many others wait: a list that is looked at does not move. */
export function heldBack<Row>(
  rows: readonly Row[],
  idOf: (row: Row) => string,
  shown: ReadonlySet<string> | null,
): { readonly rows: readonly Row[]; readonly waiting: number } {
  if (shown === null) return { rows, waiting: 0 };
  const held = rows.filter((row) => shown.has(idOf(row)));
  return { rows: held, waiting: rows.length - held.length };
}

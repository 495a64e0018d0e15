import type { Schema } from '../../api/client.js';

export type Relay = Schema<'RelayState'>;

export function behindInWords({ behind, revision }: Pick<Relay, 'behind' | 'revision'>): string {
  if (revision === null || behind === null) return 'no policies yet';
  return behind === 0 ? 'up to date' : `${behind.toLocaleString('en')} behind`;
}

/** The rows that were shown before, with their new values, and the number of further ones: a list that somebody reads does not move. */
export function heldBack<Row>(
  rows: readonly Row[],
  idOf: (row: Row) => string,
  shown: ReadonlySet<string> | null,
): { readonly rows: readonly Row[]; readonly waiting: number } {
  if (shown === null) return { rows, waiting: 0 };
  const held = rows.filter((row) => shown.has(idOf(row)));
  return { rows: held, waiting: rows.length - held.length };
}

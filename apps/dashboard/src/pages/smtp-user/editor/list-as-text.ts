/** The part of an entry that can be edited. */
export interface Listed {
  readonly range: string;
  readonly note: string | null;
  readonly expiresAt: string | null;
}

export const listedOf = ({ range, note, expiresAt }: Listed): Listed => ({ range, note, expiresAt });

/** A list as text, one entry a line: `203.0.113.0/24, 2027-01-31T18:00:00Z # office`. `pastedLines` reads it. */
export function listAsText(entries: readonly Listed[]): string {
  return entries.map((entry) => `${lineOf(entry)}\n`).join('');
}

function lineOf({ range, note, expiresAt }: Listed): string {
  const end = expiresAt === null ? '' : `, ${expiresAt.replace('.000Z', 'Z')}`;
  const words = noteInOneLine(note);
  return words === null ? range + end : `${range}${end} # ${words}`;
}

/** Replaces line breaks by spaces: notes that differ only in these count as the same. */
export function noteInOneLine(note: string | null): string | null {
  return note?.replaceAll(/\s+/gu, ' ').trim() || null;
}

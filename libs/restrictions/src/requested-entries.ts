import { utcTime } from '@postern/contracts';
import { parseRange } from '@postern/ip-ranges';
import type { RequestedEntry } from './commands.js';
import { MAX_ENTRIES, MAX_NOTE_LENGTH } from './entry.js';
import { fieldRefusal, refusedFields, type FieldRefusal } from './refusal.js';

/** An entry that is valid on its own; not yet compared with the restriction. */
export interface CheckedEntry {
  readonly index: number;
  readonly range: string;
  readonly typed: string;
  readonly note: string | null;
  /** RFC 3339, UTC, milliseconds. */
  readonly expiresAt: string | null;
}

/** Collects all errors. A past `expiresAt` is accepted, because an entry may be sent back unchanged. More than 1,000 entries are refused unread. */
export function checkEntries(requested: readonly RequestedEntry[]): {
  entries: CheckedEntry[];
  errors: FieldRefusal[];
} {
  if (requested.length > MAX_ENTRIES) throw refusedFields([tooManyEntries(requested.length)]);
  const errors: FieldRefusal[] = [];
  const byRange = new Map<string, CheckedEntry>();
  for (const [index, entry] of requested.entries()) {
    const checked = checkEntry(entry, index, errors);
    if (checked === null) continue;
    const twin = byRange.get(checked.range);
    if (twin === undefined) {
      byRange.set(checked.range, checked);
      continue;
    }
    const detail = `The request has ${checked.range} already, at /entries/${twin.index}. Send it once.`;
    errors.push(fieldRefusal(`/entries/${index}/range`, 'entry-duplicate', detail));
  }
  return { entries: [...byRange.values()], errors };
}

export function expiryRefusal({ index, expiresAt }: CheckedEntry, now: Date): FieldRefusal[] {
  if (expiresAt === null || Date.parse(expiresAt) > now.getTime()) return [];
  const detail = `${expiresAt} is not after now (${now.toISOString()}). Give a later time, or null for no end.`;
  return [fieldRefusal(`/entries/${index}/expiresAt`, 'expiry-in-the-past', detail)];
}

export function tooManyEntries(count: number): FieldRefusal {
  const detail = `A restriction has at most ${MAX_ENTRIES} entries, and this would be ${count}. Use wider ranges, or remove expired entries.`;
  return fieldRefusal('/entries', 'too-many-entries', detail);
}

function checkEntry(requested: RequestedEntry, index: number, errors: FieldRefusal[]): CheckedEntry | null {
  const before = errors.length;
  const pointer = `/entries/${index}`;
  const range = parseRange(requested.range);
  if (!range.ok) {
    const code = range.code === 'source-ip-invalid' ? 'range-invalid' : range.code;
    errors.push(fieldRefusal(`${pointer}/range`, code, range.detail, range.suggestions));
  }
  const note = requested.note ?? null;
  const wrongNote = note === null ? null : wrongInNote(note);
  if (wrongNote !== null) errors.push(fieldRefusal(`${pointer}/note`, 'validation-failed', wrongNote));
  const expiresAt = requested.expiresAt ? utcTime(requested.expiresAt) : null;
  if (expiresAt === null && typeof requested.expiresAt === 'string') {
    const detail = 'expiresAt must be an RFC 3339 time, such as 2030-01-31T18:00:00Z, or null for no end.';
    errors.push(fieldRefusal(`${pointer}/expiresAt`, 'validation-failed', detail));
  }
  if (!range.ok || errors.length > before) return null;
  return { index, range: range.value.text, typed: requested.range, note, expiresAt };
}

/** PostgreSQL's jsonb cannot store NUL and unpaired surrogates; other control characters are invisible. */
function wrongInNote(note: string): string | null {
  if (note.length > MAX_NOTE_LENGTH) {
    return `A note has at most ${MAX_NOTE_LENGTH} characters; this one has ${note.length}.`;
  }
  if (note.isWellFormed() && !/[^\P{Cc}\t\n\r]/u.test(note)) return null;
  return 'A note is text without control characters, but for tabs and new lines.';
}

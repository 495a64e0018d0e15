import { utcTime } from '@postern/contracts';
import { parseRange } from '@postern/ip-ranges';
import type { WantedEntry } from './commands.js';
import { MAX_ENTRIES, MAX_NOTE_LENGTH } from './state.js';
import { refusedFields, type FieldRefusal, type FieldRefusalCode } from './refusal.js';

/** A wanted entry, read and checked by itself; not yet against what stands there. */
export interface CheckedEntry {
  /** Canonical. */
  readonly range: string;
  readonly typed: string;
  readonly note: string | null;
  /** RFC 3339, UTC, milliseconds. */
  readonly expiresAt: string | null;
}

/** The entries of a command with what is wrong in them; more can be added before they are refused together. */
export interface CheckedEntries {
  /** By their index in the command; one that could not be read is missing. */
  readonly entries: readonly (readonly [index: number, CheckedEntry])[];
  readonly errors: readonly FieldRefusal[];
}

/**
 * Reads the entries of a command and finds what is wrong with each, all at once: ranges, notes, times, and ranges that come
 * twice in the command. Whether `expiresAt` is past is not asked here: an entry that stands may be sent back as it is.
 * More than 1,000 are refused without being read.
 */
export function checkEntries(wanted: readonly WantedEntry[]): CheckedEntries {
  if (wanted.length > MAX_ENTRIES) throw refusedFields([tooManyEntries(wanted.length)]);
  const entries: [number, CheckedEntry][] = [];
  const errors: FieldRefusal[] = [];
  const indexOfRange = new Map<string, number>();
  for (const [index, entry] of wanted.entries()) {
    const checked = checkEntry(entry, `/entries/${index}`, errors);
    if (checked === null) continue;
    const twin = indexOfRange.get(checked.range);
    if (twin !== undefined) {
      const detail = `${checked.range} is in the request already, at /entries/${twin}. Send it once.`;
      errors.push(fieldRefusal(`/entries/${index}/range`, 'entry-duplicate', detail));
      continue;
    }
    indexOfRange.set(checked.range, index);
    entries.push([index, checked]);
  }
  return { entries, errors };
}

/** `expiry-in-the-past`, if the entry at `index` would be expired before it begins. */
export function expiryRefusal(entry: CheckedEntry, index: number, now: Date): FieldRefusal[] {
  if (entry.expiresAt === null || Date.parse(entry.expiresAt) > now.getTime()) return [];
  const detail = `${entry.expiresAt} is not after now (${now.toISOString()}). Give a later time, or null for no end.`;
  return [fieldRefusal(`/entries/${index}/expiresAt`, 'expiry-in-the-past', detail)];
}

/** `too-many-entries`, for a restriction that would have so many. */
export function tooManyEntries(count: number): FieldRefusal {
  const detail = `A restriction has at most ${MAX_ENTRIES} entries; this would make ${count}. Use wider ranges, or take expired entries off.`;
  return fieldRefusal('/entries', 'too-many-entries', detail);
}

export function fieldRefusal(
  pointer: string,
  code: FieldRefusalCode,
  detail: string,
  suggestions: readonly string[] = [],
): FieldRefusal {
  return { pointer, code, detail, suggestions };
}

/** The entry as read, or null with what is wrong added to `errors`. */
function checkEntry(wanted: WantedEntry, pointer: string, errors: FieldRefusal[]): CheckedEntry | null {
  const before = errors.length;
  const range = parseRange(wanted.range);
  if (!range.ok) {
    const code = range.code === 'source-ip-invalid' ? 'range-invalid' : range.code;
    errors.push(fieldRefusal(`${pointer}/range`, code, range.detail, range.suggestions));
  }
  const note = wanted.note ?? null;
  const wrongNote = note === null ? null : wrongInNote(note);
  if (wrongNote !== null) errors.push(fieldRefusal(`${pointer}/note`, 'validation-failed', wrongNote));
  const expiresAt = wanted.expiresAt ? utcTime(wanted.expiresAt) : null;
  if (expiresAt === null && typeof wanted.expiresAt === 'string') {
    const detail = 'The end of an entry is an RFC 3339 time, such as 2030-01-31T18:00:00Z, or null for none.';
    errors.push(fieldRefusal(`${pointer}/expiresAt`, 'validation-failed', detail));
  }
  return range.ok && errors.length === before
    ? { range: range.value.text, typed: wanted.range, note, expiresAt }
    : null;
}

/** NUL and half surrogates are refused here since PostgreSQL's jsonb cannot hold them; the other controls since nobody can see them. */
function wrongInNote(note: string): string | null {
  if (note.length > MAX_NOTE_LENGTH) {
    return `A note has at most ${MAX_NOTE_LENGTH} characters; this one has ${note.length}.`;
  }
  if (note.isWellFormed() && !/[^\P{Cc}\t\n\r]/u.test(note)) return null;
  return 'A note is text without control characters, but for tabs and new lines.';
}

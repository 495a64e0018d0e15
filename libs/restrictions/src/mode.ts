import { utcTime, type Mode } from '@postern/contracts';
import { fieldRefusal, type FieldRefusal } from './refusal.js';

export interface ModeSetting {
  readonly mode: Mode;
  /** The end of `report-only`: RFC 3339, UTC, milliseconds. From this instant the list is enforced; no event says so. Null: no end. */
  readonly enforceAt: string | null;
}

/** Without `mode`, the mode and its end stay as they are. */
export interface RequestedMode {
  readonly mode?: Mode | undefined;
  /** RFC 3339; null or left out: no end. */
  readonly enforceAt?: string | null | undefined;
}

/** `enforceAt` is at most this far ahead: a year, also a leap year. */
const LONGEST_AHEAD_MS = 366 * 24 * 60 * 60 * 1000;

/** The mode in force at `at`: `report-only` ends at the exact millisecond of its `enforceAt`. An unreadable `enforceAt` has passed. */
export function modeAt({ mode, enforceAt }: ModeSetting, at: Date): Mode {
  return mode === 'report-only' && enforceAt !== null && !(at.getTime() < Date.parse(enforceAt)) ? 'enforce' : mode;
}

/** A caller may send back what it read: the mode as set, or as shown at `now`. Then the setting is returned unchanged, also with an end in the past. */
export function checkMode(
  { mode, enforceAt: typed }: RequestedMode,
  present: ModeSetting,
  now: Date,
): { setting: ModeSetting; errors: FieldRefusal[] } {
  const wrong = (code: FieldRefusal['code'], detail: string, pointer = '/enforceAt') => ({
    setting: present,
    errors: [fieldRefusal(pointer, code, detail)],
  });
  if (mode === undefined) {
    if (typed === undefined) return { setting: present, errors: [] };
    return wrong('field-missing', 'Send the mode report-only with enforceAt, or leave both out.', '/mode');
  }
  const enforceAt = typed ? utcTime(typed) : null;
  if (enforceAt === null && typeof typed === 'string') {
    const detail = 'enforceAt must be an RFC 3339 time, such as 2030-01-31T18:00:00Z, or null for no end.';
    return wrong('validation-failed', detail);
  }
  const isShown = mode === present.mode || mode === modeAt(present, now);
  if (isShown && enforceAt === present.enforceAt) return { setting: present, errors: [] };
  if (enforceAt === null) return { setting: { mode, enforceAt }, errors: [] };
  if (mode === 'enforce') {
    const detail = 'enforceAt is the end of report-only. Send it with the mode report-only, or leave it out.';
    return wrong('validation-failed', detail);
  }
  const ahead = Date.parse(enforceAt) - now.getTime();
  if (ahead <= 0) {
    const detail = `${enforceAt} is not after now (${now.toISOString()}). Give a later time, or the mode enforce.`;
    return wrong('expiry-in-the-past', detail);
  }
  if (ahead > LONGEST_AHEAD_MS) {
    const detail = `${enforceAt} is more than a year ahead. Give an earlier time, or null for no end.`;
    return wrong('validation-failed', detail);
  }
  return { setting: { mode, enforceAt }, errors: [] };
}

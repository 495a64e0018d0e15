import { utcTime } from '@postern/contracts';
import { InvalidArgumentError } from 'commander';

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const DURATION = /^(\d{1,9})(ms|s|m|h|d|w)$/;
/** It begins at midnight UTC. */
const DAY = /^\d{4}-\d\d-\d\d$/;

/** `500ms`, `30s`, `15m`, `12h`, `7d`, `2w` in milliseconds. @throws `InvalidArgumentError`. */
export function duration(text: string): number {
  const ms = durationOf(text);
  if (ms === null) throw new InvalidArgumentError('Give a duration such as 30s, 15m, 12h, 7d or 2w.');
  return ms;
}

/** A past time: RFC 3339, a day, or how long ago (`2h`). Returns RFC 3339, UTC. @throws `InvalidArgumentError`. */
export function timeAgo(text: string, now = new Date()): string {
  const ms = durationOf(text);
  return ms === null ? instant(text, '2h for two hours ago') : fromNow(now, -ms);
}

/** A future time: RFC 3339, a day, or how long from now (`7d`). @throws `InvalidArgumentError`. */
export function timeAhead(text: string, now = new Date()): string {
  const ms = durationOf(text);
  return ms === null ? instant(text, '7d for seven days from now') : fromNow(now, ms);
}

function durationOf(text: string): number | null {
  const [, digits, unit] = DURATION.exec(text) ?? [];
  const ms = Number(digits) * (UNITS[unit ?? ''] ?? Number.NaN);
  return Number.isNaN(ms) ? null : ms;
}

function fromNow(now: Date, ms: number): string {
  const time = new Date(now.getTime() + ms);
  const year = time.getUTCFullYear();
  if (Number.isNaN(year) || year < 1 || year > 9999) throw new InvalidArgumentError('That is too far away.');
  return time.toISOString();
}

function instant(text: string, orElse: string): string {
  const time = utcTime(DAY.test(text) ? `${text}T00:00:00Z` : text);
  if (time !== null) return time;
  throw new InvalidArgumentError(
    `Give a time with its offset, such as 2030-01-31T12:00:00Z, a day such as 2030-01-31 (UTC), or ${orElse}.`,
  );
}

import type { DenialReason } from './words.js';

export type Interval = 'minute' | 'hour' | 'day';

/** A bar: logins that were denied from `at` on. As the API has it. */
export interface Bucket {
  readonly at: string;
  readonly refused: number;
  readonly wouldHaveBeenRefused: number;
  readonly reasons: Readonly<Partial<Record<DenialReason, number>>>;
}

export interface Range {
  readonly from: string;
  readonly to: string;
}

const LENGTH_MS: Readonly<Record<Interval, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };
/** More bars than this are thinner than a finger or a pointer hits. */
const MOST_BARS = 200;

/** The shortest interval of which the range has not too many. */
export function intervalFor({ from, to }: Range): Interval {
  const length = Date.parse(to) - Date.parse(from);
  return (['minute', 'hour'] as const).find((interval) => length <= MOST_BARS * LENGTH_MS[interval]) ?? 'day';
}

/** A bar for each interval of the range, also where nothing was denied: the API leaves those out. In UTC, as the API. */
export function barsOf({ from, to }: Range, interval: Interval, buckets: readonly Bucket[]): Bucket[] {
  const known = new Map(buckets.map((bucket) => [Date.parse(bucket.at), bucket]));
  const length = LENGTH_MS[interval];
  const bars: Bucket[] = [];
  for (let at = Math.floor(Date.parse(from) / length) * length; at < Date.parse(to); at += length) {
    const empty = { at: new Date(at).toISOString(), refused: 0, wouldHaveBeenRefused: 0, reasons: {} };
    bars.push(known.get(at) ?? empty);
  }
  return bars;
}

/** The range of the bars from one to another, in either order. */
export function rangeOfBars(one: string, other: string, interval: Interval): Range {
  const [first = one, last = other] = [one, other].toSorted();
  return { from: first, to: new Date(Date.parse(last) + LENGTH_MS[interval]).toISOString() };
}

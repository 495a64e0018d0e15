import type { Schema } from '../api/client.js';
import type { Interval } from '../ui/BarsOverTime.js';

/** A bar. */
export type Bucket = Schema<'DenialBucket'>;

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

/** The range of the bars from one to another, in either order. */
export function rangeOfBars(one: string, other: string, interval: Interval): Range {
  const [first = one, last = other] = [one, other].toSorted();
  return { from: first, to: new Date(Date.parse(last) + LENGTH_MS[interval]).toISOString() };
}

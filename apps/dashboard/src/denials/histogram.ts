import type { Schema } from '../api/client.js';
import type { Interval } from '../ui/BarsOverTime.js';

export type Bucket = Schema<'DenialBucket'>;

export interface Range {
  readonly from: string;
  readonly to: string;
}

const LENGTH_MS: Readonly<Record<Interval, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };
/** With more, a bar is too thin to hit with a finger or a pointer. */
const MOST_BARS = 200;

/** The shortest interval that gives no more than these bars. */
export function intervalFor({ from, to }: Range): Interval {
  const length = Date.parse(to) - Date.parse(from);
  return (['minute', 'hour'] as const).find((interval) => length <= MOST_BARS * LENGTH_MS[interval]) ?? 'day';
}

export function rangeOfBars(one: string, other: string, interval: Interval): Range {
  const [first = one, last = other] = [one, other].toSorted();
  return { from: first, to: new Date(Date.parse(last) + LENGTH_MS[interval]).toISOString() };
}

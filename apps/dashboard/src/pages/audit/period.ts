export const PERIODS = ['1h', '24h', '7d', '30d'] as const;
export type Period = (typeof PERIODS)[number];

export const PERIOD_NAMES: Readonly<Record<Period, string>> = {
  '1h': 'Last hour',
  '24h': '24 hours',
  '7d': '7 days',
  '30d': '30 days',
};
const HOUR_MS = 3_600_000;
const HOURS: Readonly<Record<Period, number>> = { '1h': 1, '24h': 24, '7d': 168, '30d': 720 };

export interface PeriodSearch {
  readonly period?: Period | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

interface RequestedPeriod {
  readonly from?: string;
  /** If it is missing: until now, and new ones appear. */
  readonly to?: string;
}

/** The period that the URL requests, at `now`. `from` and `to` win; an invalid time is ignored. */
export function periodOf({ period, from, to }: PeriodSearch, now: Date): RequestedPeriod {
  const [first, last] = [timeOf(from), timeOf(to)];
  if (first === undefined && last === undefined && period !== undefined)
    return { from: new Date(now.getTime() - HOURS[period] * HOUR_MS).toISOString() };
  return { ...(first && { from: first }), ...(last && { to: last }) };
}

function timeOf(text: string | undefined): string | undefined {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
}

const DAY = { day: 'numeric', month: 'short' } as const;
const TIME = { hour: '2-digit', minute: '2-digit' } as const;

/** *27 Nov, 14:00 to 15:00*, *27 Nov, 14:00 to 28 Nov, 09:00*, *since 27 Nov, 14:00*, *until 27 Nov, 14:00*. */
export function periodInWords({ from, to }: Omit<PeriodSearch, 'period'>): string {
  const [first, last] = [from, to].map((time) => (time === undefined ? undefined : new Date(time)));
  const both = (date: Date) => `${date.toLocaleDateString('en-GB', DAY)}, ${date.toLocaleTimeString('en-GB', TIME)}`;
  if (!first) return last ? `until ${both(last)}` : 'any time';
  if (!last) return `since ${both(first)}`;
  const sameDay = first.toDateString() === last.toDateString();
  return `${both(first)} to ${sameDay ? last.toLocaleTimeString('en-GB', TIME) : both(last)}`;
}

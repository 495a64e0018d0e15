import '@mantine/charts/styles.css';
import { BarChart } from '@mantine/charts';
import { VisuallyHidden } from '@mantine/core';
import { useState } from 'react';
import { ReferenceArea } from 'recharts';
import { rangeOfBars, type Bucket, type Interval, type Range } from './histogram.js';
import { counted, REASON_CODES, REASONS } from './words.js';

interface Props {
  readonly bars: readonly Bucket[];
  readonly interval: Interval;
  /** What a bar is made of. */
  readonly by: 'reason' | 'outcome';
  /** Dragging over bars, or clicking on one, selects their time. */
  readonly onSelect?: (range: Range) => void;
}

const REASON_COLOURS = [
  'var(--postern-refused)',
  'color-mix(in srgb, var(--postern-refused) 45%, var(--mantine-color-body))',
  'var(--mantine-color-dimmed)',
];
const SERIES = {
  reason: REASON_CODES.map((name, i) => ({ name, label: REASONS[name], color: REASON_COLOURS[i] ?? '' })),
  outcome: [
    { name: 'refused', label: 'Refused', color: 'var(--postern-refused)' },
    { name: 'wouldHaveBeenRefused', label: 'Let through by report only', color: 'var(--postern-warn)' },
  ],
};

/** How many logins were denied over time. Loads a large library: only by `LazyDenialsChart`. */
export default function DenialsChart({ bars, interval, by, onSelect }: Props) {
  const [selection, setSelection] = useState<{ readonly from: string; readonly to: string } | null>(null);
  const atOf = (label: unknown) => (typeof label === 'string' ? label : null);
  const used = SERIES[by].filter(({ name }) => bars.some((bar) => valueOf(bar, name) > 0));
  const series = used.length > 0 ? used : SERIES[by].slice(0, 1);
  const data = bars.map((bar) => ({
    at: bar.at,
    ...Object.fromEntries(series.map(({ name }) => [name, valueOf(bar, name)])),
  }));
  const select = () => {
    if (selection) onSelect?.(rangeOfBars(selection.from, selection.to, interval));
    setSelection(null);
  };
  return (
    <figure aria-label={`Denied logins by ${interval}`} style={{ margin: 0, overflow: 'clip' }}>
      <div aria-hidden style={{ userSelect: 'none', cursor: onSelect ? 'crosshair' : undefined }}>
        <BarChart
          h={148}
          data={data}
          dataKey="at"
          type="stacked"
          series={series}
          withLegend={series.length > 1 || series[0]?.name === 'wouldHaveBeenRefused'}
          legendProps={{ verticalAlign: 'bottom', height: 28 }}
          styles={{ legend: { padding: 0 } }}
          gridAxis="x"
          tickLine="none"
          strokeDasharray="0"
          maxBarWidth={28}
          xAxisProps={{
            tickFormatter: (at: string) => tick(at, interval),
            ticks: ticksOf(bars, interval),
            minTickGap: 24,
            interval: 'preserveStart',
          }}
          yAxisProps={{ width: 36, allowDecimals: false, tickCount: 3 }}
          tooltipProps={{ labelFormatter: (at) => exact(String(at), interval) }}
          barProps={{ isAnimationActive: false }}
          barChartProps={{
            accessibilityLayer: false,
            ...(onSelect && {
              onMouseDown: ({ activeLabel }) => {
                const at = atOf(activeLabel);
                if (at !== null) setSelection({ from: at, to: at });
              },
              onMouseMove: ({ activeLabel }) => {
                const at = atOf(activeLabel);
                if (at !== null) setSelection((now) => now && { ...now, to: at });
              },
              onMouseUp: select,
              onMouseLeave: () => setSelection(null),
            }),
          }}
        >
          {selection && (
            <ReferenceArea x1={selection.from} x2={selection.to} fill="var(--postern-link)" fillOpacity={0.12} />
          )}
        </BarChart>
      </div>
      <VisuallyHidden>
        <table>
          <caption>Denied logins by {interval}; times without one are left out</caption>
          <thead>
            <tr>
              <th scope="col">From</th>
              {series.map(({ name, label }) => (
                <th key={name} scope="col">
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {bars
              .filter((bar) => bar.refused + bar.wouldHaveBeenRefused > 0)
              .map((bar) => (
                <tr key={bar.at}>
                  <th scope="row">{exact(bar.at, interval)}</th>
                  {series.map(({ name }) => (
                    <td key={name}>{counted(valueOf(bar, name), 'login')}</td>
                  ))}
                </tr>
              ))}
          </tbody>
        </table>
      </VisuallyHidden>
    </figure>
  );
}

function valueOf(bar: Bucket, name: string): number {
  return name === 'refused' || name === 'wouldHaveBeenRefused'
    ? bar[name]
    : (bar.reasons[name as keyof Bucket['reasons']] ?? 0);
}

const time = { hour: '2-digit', minute: '2-digit', hour12: false } as const;
const day = { day: 'numeric', month: 'short' } as const;

/** Where the bars are so many that they cross several days: their midnights. */
function ticksOf(bars: readonly Bucket[], interval: Interval): string[] {
  const times = bars.map(({ at }) => at);
  if (interval !== 'hour' || bars.length < 48) return times;
  return times.filter((at) => new Date(at).getHours() === 0);
}

function tick(at: string, interval: Interval): string {
  const date = new Date(at);
  if (interval === 'day') return date.toLocaleDateString('en-GB', { ...day, timeZone: 'UTC' });
  if (date.getHours() === 0 && date.getMinutes() === 0) return date.toLocaleDateString('en-GB', day);
  return date.toLocaleTimeString('en-GB', time);
}

/** A day is a day in UTC, as the API counts them. */
function exact(at: string, interval: Interval): string {
  const date = new Date(at);
  return interval === 'day'
    ? `${date.toLocaleDateString('en-GB', { ...day, year: 'numeric', timeZone: 'UTC' })} (UTC)`
    : date.toLocaleString('en-GB', { ...day, ...time });
}

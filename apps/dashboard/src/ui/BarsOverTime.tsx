import '@mantine/charts/styles.css';
import { BarChart } from '@mantine/charts';
import { VisuallyHidden } from '@mantine/core';
import { useState } from 'react';
import { ReferenceArea } from 'recharts';
import { counted } from '../denials/words.js';

export interface Bar {
  /** Its beginning, in RFC 3339. */
  readonly at: string;
  readonly parts: Readonly<Record<string, number>>;
}
export interface Part {
  readonly name: string;
  readonly label: string;
  readonly color: string;
}
export type Interval = 'minute' | 'hour' | 'day';

export interface BarsProps {
  readonly what: string;
  readonly bars: readonly Bar[];
  readonly interval: Interval;
  /** From the bottom up. Parts that no bar has are left out. A single part has no legend. */
  readonly parts: readonly Part[];
  /** The first and the last bar of a selection by click or drag, in either order. */
  readonly onSelect?: (one: string, other: string) => void;
}

export default function BarsOverTime({ what, bars, interval, parts, onSelect }: BarsProps) {
  const [selection, setSelection] = useState<{ readonly from: string; readonly to: string } | null>(null);
  const atOf = (label: unknown) => (typeof label === 'string' ? label : null);
  const used = parts.filter(({ name }) => bars.some((bar) => (bar.parts[name] ?? 0) > 0));
  const series = used.length > 0 ? used : parts.slice(0, 1);
  const data = bars.map((bar) => ({ at: bar.at, ...bar.parts }));
  const select = () => {
    if (selection) onSelect?.(selection.from, selection.to);
    setSelection(null);
  };
  return (
    <figure aria-label={`${what} by ${interval}`} style={{ margin: 0, overflow: 'clip' }}>
      <div aria-hidden style={{ userSelect: 'none', cursor: onSelect ? 'crosshair' : undefined }}>
        <BarChart
          h={148}
          data={data}
          dataKey="at"
          type="stacked"
          series={series}
          withLegend={series.length > 1 || series[0] !== parts[0]}
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
          yAxisProps={{ width: 48, allowDecimals: false, tickCount: 3, tickFormatter: compact }}
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
          <caption>
            {what} by {interval}; times without one are left out
          </caption>
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
              .filter((bar) => series.some(({ name }) => (bar.parts[name] ?? 0) > 0))
              .map((bar) => (
                <tr key={bar.at}>
                  <th scope="row">{exact(bar.at, interval)}</th>
                  {series.map(({ name }) => (
                    <td key={name}>{counted(bar.parts[name] ?? 0, 'login')}</td>
                  ))}
                </tr>
              ))}
          </tbody>
        </table>
      </VisuallyHidden>
    </figure>
  );
}

const { format: compact } = new Intl.NumberFormat('en', { notation: 'compact' });
const time = { hour: '2-digit', minute: '2-digit', hour12: false } as const;
const day = { day: 'numeric', month: 'short' } as const;

/** If the bars cover several days: their midnights. */
function ticksOf(bars: readonly Bar[], interval: Interval): string[] {
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

/** Days are in UTC, as the API counts. */
function exact(at: string, interval: Interval): string {
  const date = new Date(at);
  return interval === 'day'
    ? `${date.toLocaleDateString('en-GB', { ...day, year: 'numeric', timeZone: 'UTC' })} (UTC)`
    : date.toLocaleString('en-GB', { ...day, ...time });
}

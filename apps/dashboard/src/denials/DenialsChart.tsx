import { useQuery } from '@tanstack/react-query';
import { Dimmed } from '../ui/Dimmed.js';
import { Chart } from '../ui/Chart.js';
import { Failed } from '../ui/States.js';
import { intervalFor, rangeOfBars, type Bucket, type Range } from './histogram.js';
import { histogramQuery, type DenialFilters } from './queries.js';
import { REASON_CODES, REASONS } from './words.js';

const REASON_COLOURS = [
  'var(--postern-refused)',
  'color-mix(in srgb, var(--postern-refused) 45%, var(--mantine-color-body))',
  'var(--mantine-color-dimmed)',
];
const PARTS = {
  reason: REASON_CODES.map((name, i) => ({ name, label: REASONS[name], color: REASON_COLOURS[i] ?? '' })),
  outcome: [
    { name: 'refused', label: 'Refused', color: 'var(--postern-refused)' },
    { name: 'wouldHaveBeenRefused', label: 'Let through by report only', color: 'var(--postern-warn)' },
  ],
};
const partsOf = {
  reason: ({ reasons }: Bucket) => reasons,
  outcome: ({ refused, wouldHaveBeenRefused }: Bucket) => ({ refused, wouldHaveBeenRefused }),
};

interface Props {
  readonly tenantId: string;
  readonly smtpUserId?: string;
  readonly range: Range;
  readonly filters?: DenialFilters;
  readonly by: 'reason' | 'outcome';
  readonly onSelect?: (range: Range) => void;
}

export function DenialsChart({ tenantId, smtpUserId, range, filters, by, onSelect }: Props) {
  const interval = intervalFor(range);
  const path = { tenantId, ...(smtpUserId !== undefined && { smtpUserId }) };
  const { data, error, refetch } = useQuery({
    ...histogramQuery(path, interval, { ...filters, ...range }),
    placeholderData: (shown) => shown,
  });
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  return (
    <>
      {data?.complete === false && (
        <Dimmed size="xs">Only the newest denials are counted, so the bars on the left are too low.</Dimmed>
      )}
      <Chart
        of={
          data && {
            what: 'Denied logins',
            bars: data.items.map((bucket) => ({ at: bucket.at, parts: partsOf[by](bucket) })),
            interval: data.interval,
            parts: PARTS[by],
            ...(onSelect && {
              onSelect: (one: string, other: string) => onSelect(rangeOfBars(one, other, data.interval)),
            }),
          }
        }
      />
    </>
  );
}

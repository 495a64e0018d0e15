import { Skeleton, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense } from 'react';
import { Failed } from '../ui/States.js';
import { intervalFor, type Range } from './histogram.js';
import { histogramQuery, type DenialFilters } from './queries.js';

const DenialsChart = lazy(() => import('./DenialsChart.js'));

interface Props {
  readonly tenantId: string;
  readonly smtpUserId?: string;
  readonly range: Range;
  readonly filters?: DenialFilters;
  readonly by: 'reason' | 'outcome';
  readonly onSelect?: (range: Range) => void;
}

/** The chart of the denials of a tenant or of an SMTP user, in the place that it has from the first moment. */
export function LazyDenialsChart({ tenantId, smtpUserId, range, filters, by, onSelect }: Props) {
  const interval = intervalFor(range);
  const path = { tenantId, ...(smtpUserId !== undefined && { smtpUserId }) };
  const { data, error, refetch } = useQuery({
    ...histogramQuery(path, interval, { ...filters, ...range }),
    placeholderData: (shown) => shown,
  });
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  const waiting = <Skeleton height={148} role="status" aria-label="The chart is loading" />;
  if (!data) return waiting;
  return (
    <Suspense fallback={waiting}>
      {!data.complete && (
        <Text size="xs" c="dimmed">
          There are more denials than are counted: the bars at the left are too low.
        </Text>
      )}
      <DenialsChart bars={data.items} interval={data.interval} by={by} {...(onSelect && { onSelect })} />
    </Suspense>
  );
}

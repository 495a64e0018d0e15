import { Skeleton } from '@mantine/core';
import { lazy, Suspense } from 'react';
import type { BarsProps } from './BarsOverTime.js';

// A large library: loaded with the first chart.
const BarsOverTime = lazy(() => import('./BarsOverTime.js'));

/** A chart, in the room that it has from the first moment. Undefined: its data are loading. */
export function Chart({ of }: { readonly of: BarsProps | undefined }) {
  const waiting = <Skeleton height={148} role="status" aria-label="The chart is loading" />;
  return <Suspense fallback={waiting}>{of ? <BarsOverTime {...of} /> : waiting}</Suspense>;
}

import { Text } from '@mantine/core';
import { Stale } from './States.js';
import classes from './LiveMark.module.css';
import type { Live } from './use-live.js';

export function LiveMark({ live }: { readonly live: Live }) {
  if (live.state === 'stale') return <Stale since={live.since} />;
  return (
    <Text size="xs" c="dimmed" className={classes['live']} data-live={live.state === 'live' || undefined}>
      {live.state === 'live' ? 'Live' : 'Connecting …'}
    </Text>
  );
}

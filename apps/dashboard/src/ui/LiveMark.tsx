import { Text } from '@mantine/core';
import { Stale } from './States.js';
import type { Live } from './use-live.js';

export function LiveMark({ live }: { readonly live: Live }) {
  if (live.state === 'stale') return <Stale since={live.since} />;
  return (
    <Text size="xs" c="dimmed">
      {live.state === 'live' ? (
        <>
          <Text span inherit c="var(--postern-link)" aria-hidden>
            •
          </Text>{' '}
          Live
        </>
      ) : (
        'Connecting …'
      )}
    </Text>
  );
}

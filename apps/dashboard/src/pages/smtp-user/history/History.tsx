import { Button, Group, Skeleton, Stack, Text, Timeline } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { By, ChangeDetails, Difference, titleOfAll } from '../../../changes/ChangeDetails.js';
import { byRequest, type Change } from '../../../changes/change-diff.js';
import { historyQuery } from '../../../changes/queries.js';
import { Empty, Failed } from '../../../ui/States.js';
import { Time } from '../../../ui/Time.js';
import type { SmtpUser } from '../smtp-user.js';
import classes from './History.module.css';

export function History({ user }: { readonly user: SmtpUser }) {
  const history = useInfiniteQuery(historyQuery(user.tenantId, user.id));
  const { data: changes, error, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = history;
  if (error && !changes) return <Failed error={error} retry={() => void refetch()} />;
  if (!changes)
    return (
      <Stack gap="xl" role="status" aria-label="The history is loading">
        {[1, 2, 3].map((each) => (
          <Skeleton key={each} height={34} width={260} />
        ))}
      </Stack>
    );
  if (changes.length === 0)
    return <Empty title="No changes yet">What is changed from now on appears here within seconds.</Empty>;
  return (
    <>
      <Timeline bulletSize={9} lineWidth={1} styles={{ item: { paddingInlineStart: 20 }, itemBullet: { top: 5 } }}>
        {byRequest(changes).map((group) => (
          <Timeline.Item key={group[0]?.eventId}>
            <Request changes={group} />
          </Timeline.Item>
        ))}
      </Timeline>
      {hasNextPage && (
        <Button variant="default" loading={isFetchingNextPage} onClick={() => void fetchNextPage()} w="max-content">
          Show earlier changes
        </Button>
      )}
    </>
  );
}

function Request({ changes }: { readonly changes: readonly Change[] }) {
  const [change] = changes;
  if (!change) return null;
  return (
    <Stack gap="xs">
      <Group justify="space-between" align="baseline" gap="2px 16px">
        <Text fw={550} style={{ overflowWrap: 'anywhere' }}>
          {titleOfAll(changes)}
        </Text>
        <Text size="xs" c="dimmed">
          <By actor={change.actor} /> · <Time at={change.occurredAt} />
        </Text>
      </Group>
      <Difference changes={changes} />
      <details className={classes['more']}>
        <summary>Details</summary>
        <ChangeDetails changes={changes} />
      </details>
    </Stack>
  );
}

import { Button, Skeleton, Stack, Text } from '@mantine/core';
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
          <Stack key={each} gap={8}>
            <Skeleton height={14} width={260} />
            <Skeleton height={12} width={180} />
          </Stack>
        ))}
      </Stack>
    );
  if (changes.length === 0)
    return <Empty title="No changes yet">What is changed from now on appears here within seconds.</Empty>;
  return (
    <>
      <ol className={classes['line']}>
        {byRequest(changes).map((group) => (
          <Request key={group[0]?.eventId} changes={group} />
        ))}
      </ol>
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
    <li className={classes['request']}>
      <div className={classes['head']}>
        <Text fw={550} className={classes['title']}>
          {titleOfAll(changes)}
        </Text>
        <Text size="xs" c="dimmed" className={classes['when']}>
          <By actor={change.actor} /> · <Time at={change.occurredAt} />
        </Text>
      </div>
      <Difference changes={changes} />
      <details className={classes['more']}>
        <summary>Details</summary>
        <ChangeDetails changes={changes} withDifference={false} />
      </details>
    </li>
  );
}

import { Alert, Anchor, Button, Center, Group, Stack, Text, Title } from '@mantine/core';
import { IconAlertCircle, IconLock } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, type ErrorComponentProps } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { ApiProblem } from '../api/client.js';
import { whoAmI } from '../api/session.js';
import { timeOfDay } from './dates.js';

export function Empty({
  title,
  order = 2,
  children,
  action,
}: {
  readonly title: string;
  /** 1 if it is the complete page. */
  readonly order?: 1 | 2;
  readonly children?: ReactNode;
  readonly action?: ReactNode;
}) {
  return (
    <Center py={56} px="md">
      <Stack align="center" gap="xs" maw={460} ta="center">
        <Title order={order}>{title}</Title>
        {children !== undefined && (
          <Text size="sm" c="dimmed" style={{ textWrap: 'balance' }}>
            {children}
          </Text>
        )}
        {action !== undefined && <Group mt="sm">{action}</Group>}
      </Stack>
    </Center>
  );
}

/** Whether a dialog shows this error: that of an ended session, or that of the guard. */
export const isInDialog = (error: Error): boolean =>
  error instanceof ApiProblem && (error.problem.status === 401 || error.problem.code === 'lockout-risk');

export function Failed({ error, retry }: { readonly error: Error; readonly retry?: () => void }) {
  const problem = error instanceof ApiProblem ? error.problem : null;
  if (isInDialog(error)) return null;
  return (
    <Alert
      color="gray"
      variant="default"
      icon={<IconAlertCircle />}
      title={problem?.title ?? 'This did not work'}
      role="alert"
    >
      <Text size="sm">{error.message}</Text>
      <Group mt="sm" gap="md">
        {retry && (
          <Button size="xs" variant="default" onClick={retry}>
            Try again
          </Button>
        )}
        {problem && (
          <Text size="xs" c="dimmed" className="mono">
            {problem.code} · request {problem.requestId}
          </Text>
        )}
      </Group>
    </Alert>
  );
}

export function Stale({ since }: { readonly since: number }) {
  return (
    <Text size="xs" c="dimmed" role="status" className="tabular">
      Last updated {timeOfDay(since)}, reconnecting …
    </Text>
  );
}

export function ReadOnly() {
  const { data: me } = useQuery(whoAmI);
  return (
    <Group gap={6} c="dimmed" wrap="nowrap" align="flex-start">
      <IconLock size={14} aria-hidden style={{ flex: 'none', marginTop: 2 }} />
      <Text size="xs">
        {me?.role === 'operator'
          ? 'You are signed in as an operator. SMTP users are changed with an admin key of their tenant.'
          : 'You are signed in with an auditor’s key: you can see everything, but change nothing.'}
      </Text>
    </Group>
  );
}

export function NotFound() {
  return (
    <Empty
      title="There is no such page"
      order={1}
      action={
        <Anchor component={Link} to="/">
          Go to the first page
        </Anchor>
      }
    >
      The address may be mistyped, or the page’s content was removed.
    </Empty>
  );
}

export function RouteError({ error, reset }: ErrorComponentProps) {
  return (
    <Center p="xl">
      <Failed error={error instanceof Error ? error : new Error(String(error))} retry={reset} />
    </Center>
  );
}

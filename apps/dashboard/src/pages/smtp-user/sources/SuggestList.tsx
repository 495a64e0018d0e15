import { Button, Stack, Text } from '@mantine/core';
import { IconListCheck } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { Failed } from '../../../ui/States.js';
import type { SmtpUser } from '../smtp-user.js';
import { LoginCoverage } from './LoginCoverage.js';
import { readSuggestion } from './queries.js';

interface Props {
  readonly user: SmtpUser;
  /** Opens the editor with these lines. It shows which logins they would refuse, and saves nothing yet. */
  readonly use: (text: string) => void;
}

/** Suggests ranges from the logins of the last 30 days. */
export function SuggestList({ user, use }: Props) {
  const suggest = useMutation({
    mutationFn: () => readSuggestion(user),
    onSuccess: ({ ranges }) => ranges.length > 0 && use(ranges.map(({ range }) => `${range}\n`).join('')),
  });
  return (
    <>
      <Button
        leftSection={<IconListCheck size={16} aria-hidden />}
        loading={suggest.isPending}
        onClick={() => suggest.mutate()}
      >
        Suggest a list
      </Button>
      {suggest.error && <Failed error={suggest.error} />}
      {suggest.data?.ranges.length === 0 && (
        <Stack gap={0} role="status">
          <Text size="sm">
            No login of {user.username} is known in the last 30 days, so there is nothing to suggest.
          </Text>
          <LoginCoverage coverage={suggest.data} />
        </Stack>
      )}
    </>
  );
}

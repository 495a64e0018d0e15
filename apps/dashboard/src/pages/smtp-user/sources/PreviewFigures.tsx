import { Stack, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import type { Schema } from '../../../api/client.js';
import { counted } from '../../../denials/words.js';
import { Addresses } from '../../../lockout/LockoutDialog.js';
import type { SmtpUser } from '../smtp-user.js';
import { LoginCoverage } from './LoginCoverage.js';
import { previewQuery, type PreviewedChange } from './queries.js';

const TYPING_MS = 300;

interface Props {
  readonly user: SmtpUser;
  readonly change: PreviewedChange;
}

/** What a change would have refused in the last 30 days, if enforced. Shows nothing until there is an answer. */
export function PreviewFigures({ user, change }: Props) {
  const [settled] = useDebouncedValue(change, TYPING_MS);
  const { data } = useQuery(previewQuery(user, { ...settled, mode: 'enforce' }));
  if (!data) return null;
  return (
    <Stack component="section" gap={4} aria-label="The last 30 days" aria-live="polite">
      <Text size="sm">
        <Figures {...data} />
      </Text>
      {data.refused > 0 && <Addresses addresses={data.addresses} label="What it would have refused" />}
      <LoginCoverage coverage={data} />
    </Stack>
  );
}

/** The figures alone, for a menu: it has its size from the first moment. */
export function PreviewLine({ user, change }: Props) {
  const { data, isPending } = useQuery(previewQuery(user, { ...change, mode: 'enforce' }));
  return (
    <Text size="xs" c="dimmed" mih="2lh">
      {data ? <Figures {...data} /> : isPending && 'Looking at the last 30 days …'}
    </Text>
  );
}

function Figures({ logins, refused, refusedAddresses }: Schema<'RestrictionPreview'>) {
  if (logins === 0) return 'No login of the last 30 days is known.';
  if (refused === 0) return `Enforced, it would have let in all ${counted(logins, 'login')} of the last 30 days.`;
  return (
    <>
      Of {counted(logins, 'login')} in the last 30 days, it would have refused{' '}
      <Text span inherit fw={600} c="var(--postern-refused-text)">
        {refused.toLocaleString('en')} from {counted(refusedAddresses, 'address', 'addresses')}
      </Text>
      .
    </>
  );
}

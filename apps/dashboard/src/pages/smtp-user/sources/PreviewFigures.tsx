import { Paper, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import type { Schema } from '../../../api/client.js';
import { counted } from '../../../denials/words.js';
import { Addresses } from '../../../lockout/LockoutDialog.js';
import type { SmtpUser } from '../smtp-user.js';
import { LoginCoverage } from './LoginCoverage.js';
import { previewQuery, type PreviewedChange } from './queries.js';

const TYPING_MS = 300;
const LOADING = 'Looking at the last 30 days …';

interface Props {
  readonly user: SmtpUser;
  readonly change: PreviewedChange;
}

/** What a change would have refused in the last 30 days, if enforced. Its size does not depend on the answer. */
export function PreviewFigures({ user, change }: Props) {
  const [settled] = useDebouncedValue(change, TYPING_MS);
  const { data, error } = useQuery(previewQuery(user, { ...settled, mode: 'enforce' }));
  return (
    // Of one height: an answer must not move the buttons below it.
    <Paper
      component="section"
      h="9.25rem"
      px="sm"
      py="xs"
      flex="none"
      style={{ overflow: 'auto' }}
      aria-label="The last 30 days"
      aria-live="polite"
    >
      {data ? (
        <>
          <Text size="sm">
            <Figures {...data} />
          </Text>
          {data.refused > 0 && <Addresses addresses={data.addresses} label="What it would have refused" />}
          <LoginCoverage coverage={data} />
        </>
      ) : (
        <Text size="sm" c="dimmed">
          {error ? 'The logins of the last 30 days could not be loaded.' : LOADING}
        </Text>
      )}
    </Paper>
  );
}

/** The figures alone, for a menu. */
export function PreviewLine({ user, change }: Props) {
  const { data, isPending } = useQuery(previewQuery(user, { ...change, mode: 'enforce' }));
  return (
    <Text size="xs" c="dimmed" mih="2lh">
      {data ? <Figures {...data} /> : isPending && LOADING}
    </Text>
  );
}

function Figures({ logins, refused, refusedAddresses }: Schema<'RestrictionPreview'>) {
  if (logins === 0) return 'No login of the last 30 days is known.';
  if (refused === 0)
    return `If enforced, it would have let in every login of the last 30 days: ${logins.toLocaleString('en')}.`;
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

import { Stack, Tabs } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { Page } from '../../ui/Page.js';
import { Failed, ReadOnly } from '../../ui/States.js';
import { Denied } from './denied/Denied.js';
import { LiveDenials } from './denied/LiveDenials.js';
import { RefusedNow } from './denied/RefusedNow.js';
import { Entries } from './entries/Entries.js';
import { History } from './history/History.js';
import { smtpUserQuery, useMayWrite } from './smtp-user.js';
import { Why } from './why/Why.js';

const TABS = ['denied', 'history'] as const;
const HERE = '/signed-in/t/$tenantId/smtp-users/$smtpUserId';

/** One SMTP user: why logins are refused, and the list that lets them in. */
export function SmtpUser() {
  const { tenantId, smtpUserId } = useParams({ from: HERE });
  const { tab } = useSearch({ from: HERE });
  const navigate = useNavigate({ from: '/t/$tenantId/smtp-users/$smtpUserId' });
  const { data: user, error, refetch } = useQuery(smtpUserQuery(tenantId, smtpUserId));
  const writable = useMayWrite();
  if (!user) return <Page title="SMTP user">{error && <Failed error={error} retry={() => void refetch()} />}</Page>;
  return (
    <Page title={user.username}>
      <LiveDenials user={user}>
        {!writable && <ReadOnly />}
        <RefusedNow user={user} />
        <Why user={user} />
        <Tabs
          value={tab ?? 'allowed'}
          onChange={(chosen) =>
            void navigate({
              search: (before) => ({ ...before, tab: TABS.find((tab) => tab === chosen) }),
              replace: true,
            })
          }
        >
          <Tabs.List>
            <Tabs.Tab value="allowed">Allowed addresses</Tabs.Tab>
            <Tabs.Tab value="denied">Denied</Tabs.Tab>
            <Tabs.Tab value="history">History</Tabs.Tab>
          </Tabs.List>
          <Stack pt="md">
            <Tabs.Panel value="allowed">
              <Entries user={user} />
            </Tabs.Panel>
            <Tabs.Panel value="denied">
              <Denied user={user} />
            </Tabs.Panel>
            <Tabs.Panel value="history">
              <History user={user} />
            </Tabs.Panel>
          </Stack>
        </Tabs>
      </LiveDenials>
    </Page>
  );
}

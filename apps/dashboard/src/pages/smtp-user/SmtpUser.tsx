import { Box, Button, Group, Skeleton, Stack, Tabs, Text } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import { deniedIpsQuery } from '../../denials/queries.js';
import { Copy } from '../../ui/Mono.js';
import { Page } from '../../ui/Page.js';
import { RestrictionWords } from '../../ui/RestrictionWords.js';
import { Failed, ReadOnly, Stale } from '../../ui/States.js';
import { Denied } from './denied/Denied.js';
import { useLiveDenials } from './denied/live-denials.js';
import { RefusedNow } from './denied/RefusedNow.js';
import { storedDraft } from './editor/draft.js';
import type { Start } from './editor/Editor.js';
import { Entries } from './entries/Entries.js';
import { History } from './history/History.js';
import { ClearRestriction } from './manage/ClearRestriction.js';
import { ModeSwitch } from './manage/ModeSwitch.js';
import { UserMenu } from './manage/UserMenu.js';
import { smtpUserQuery, useMayWrite } from './smtp-user.js';
import { Sources } from './sources/Sources.js';
import { Why } from './why/Why.js';

/** The stream of denials keeps them up to date. This is for a network that lets no stream through. */
const REFRESHED_WITHOUT_STREAM_MS = 60_000;
/** A username with more characters is shown smaller. */
const LONG = 60;
// Loaded when it is first opened: most visits only look up why a login was refused.
const Editor = lazy(async () => ({ default: (await import('./editor/Editor.js')).Editor }));

const TABS = ['denied', 'sources', 'history'] as const;
const HERE = '/signed-in/t/$tenantId/smtp-users/$smtpUserId';

export function SmtpUser() {
  const { tenantId, smtpUserId } = useParams({ from: HERE });
  const { tab } = useSearch({ from: HERE });
  const navigate = useNavigate({ from: '/t/$tenantId/smtp-users/$smtpUserId' });
  const { data: user, error, refetch, dataUpdatedAt } = useQuery(smtpUserQuery(tenantId, smtpUserId));
  const writable = useMayWrite();
  const [editing, setEditing] = useState<Start | null>(null);
  const [editorNeeded, setEditorNeeded] = useState(false);
  const openEditor = (mode: Start['mode'], text?: string) => {
    setEditorNeeded(true);
    setEditing({ mode, text });
  };
  const live = useLiveDenials({ tenantId, id: smtpUserId }, user !== undefined);
  // The panel of refused logins would move the page if it appeared later, so the page waits for its addresses.
  const denied = useInfiniteQuery({
    ...deniedIpsQuery({ tenantId, id: smtpUserId }),
    refetchInterval: REFRESHED_WITHOUT_STREAM_MS,
  });
  if (!user || (denied.isPending && denied.failureCount === 0))
    return <Loading error={error} retry={() => void refetch()} />;
  const draft = writable && editing === null && storedDraft(user.id, 'add') !== null;
  return (
    <Page
      title={user.username}
      heading={
        <Text inherit span {...(user.username.length > LONG && { fz: 'lg', lh: 1.5, display: 'block' })}>
          {user.username} <Copy value={user.username} label="Copy the username" />
        </Text>
      }
      description={<RestrictionWords restriction={user.restriction} />}
      actions={
        <>
          <ModeSwitch user={user} writable={writable} />
          {writable && (
            <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => openEditor('add')}>
              {draft ? 'Continue adding' : 'Add addresses'}
            </Button>
          )}
          {writable && <UserMenu user={user} />}
        </>
      }
    >
      <Stack key={user.id} gap="lg">
        {!writable && <ReadOnly />}
        {error && <Stale since={dataUpdatedAt} />}
        <RefusedNow user={user} live={live} />
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
            <Tabs.Tab value="allowed">
              <Group gap={6}>
                <span>
                  Allowed
                  <Box component="span" visibleFrom="xs">
                    {' '}
                    addresses
                  </Box>
                </span>
                <span className="tabular">{user.restriction.entries.length.toLocaleString('en')}</span>
              </Group>
            </Tabs.Tab>
            {TABS.map((each) => (
              <Tabs.Tab key={each} value={each} tt="capitalize">
                {each}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          <Tabs.Panel value={tab ?? 'allowed'} pt="md">
            {tab === undefined && <Entries user={user} writable={writable} openEditor={openEditor} />}
            {tab === 'denied' && <Denied user={user} live={live} />}
            {tab === 'sources' && <Sources user={user} />}
            {tab === 'history' && <History user={user} />}
          </Tabs.Panel>
        </Tabs>
        {writable && user.restriction.restricted && <ClearRestriction user={user} />}
        {writable && editorNeeded && (
          <Suspense fallback={null}>
            <Editor user={user} start={editing} close={() => setEditing(null)} />
          </Suspense>
        )}
      </Stack>
    </Page>
  );
}

function Loading({ error, retry }: { readonly error: Error | null; readonly retry: () => void }) {
  return (
    <Page title="SMTP user" heading={<Skeleton height={22} width={280} my={7} />}>
      {error ? (
        <Failed error={error} retry={retry} />
      ) : (
        <Stack gap="lg">
          <Skeleton height={14} width={160} mt={-16} />
          <Skeleton height={88} />
          <Skeleton height={34} width={340} />
          {[0, 1, 2].map((row) => (
            <Skeleton key={row} height={28} />
          ))}
        </Stack>
      )}
    </Page>
  );
}

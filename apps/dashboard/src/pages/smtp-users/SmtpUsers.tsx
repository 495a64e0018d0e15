import { Box, Button, Group, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconPlus } from '@tabler/icons-react';
import { useInfiniteQuery, useQueries, useQuery } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { AllowAddress } from '../../denials/AllowAddress.js';
import { letsIn } from '../../denials/refusals.js';
import { Dimmed } from '../../ui/Dimmed.js';
import { DataTable, type Column } from '../../ui/DataTable.js';
import { Page } from '../../ui/Page.js';
import { Pills } from '../../ui/Pills.js';
import { RestrictionWords } from '../../ui/RestrictionWords.js';
import { SearchField } from '../../ui/SearchField.js';
import { FirstSteps } from '../../ui/FirstSteps.js';
import { Empty, Failed, ReadOnly, Stale } from '../../ui/States.js';
import { Time } from '../../ui/Time.js';
import { useNow } from '../../ui/use-now.js';
import { Username } from '../../ui/Username.js';
import { smtpUserQuery, useMayWrite } from '../smtp-user/smtp-user.js';
import { AddSmtpUser } from './AddSmtpUser.js';
import { lastDenial } from './last-denial.js';
import {
  countsQuery,
  MOST_REFUSING,
  PAGE,
  refusingQuery,
  summariesQuery,
  usersQuery,
  type ListedUser,
  type Summary,
  type UserState,
} from './queries.js';

const HERE = '/signed-in/t/$tenantId/smtp-users';
type Shown = UserState | 'refusing';

/** One line of the list. For users with refused logins the restriction is loaded after the denials. */
interface Row {
  readonly tenantId: string;
  readonly id: string;
  readonly username: string;
  readonly restriction: ListedUser['restriction'] | null;
  /** Undefined while it is loaded; null if there was never a denial. */
  readonly summary: Summary | null | undefined;
}

export function SmtpUsers() {
  const { tenantId } = useParams({ from: HERE });
  const { query, state } = useSearch({ from: HERE });
  const navigate = useNavigate({ from: '/t/$tenantId/smtp-users' });
  const [adding, { open, close }] = useDisclosure(false);
  const writable = useMayWrite();
  const list = useList(tenantId, query, state);
  const counts = useQuery(countsQuery(tenantId)).data;
  const refusing = useQuery(refusingQuery(tenantId)).data;
  const empty = counts?.all === 0;
  const add = writable && (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={open}>
      Add SMTP user
    </Button>
  );
  return (
    <Page
      title="SMTP users"
      actions={
        <>
          <SearchField
            label="Search usernames"
            value={query ?? ''}
            onChange={(text) =>
              void navigate({ search: (before) => ({ ...before, query: text || undefined }), replace: true })
            }
          />
          {add}
        </>
      }
    >
      <Stack gap="sm">
        {!writable && <ReadOnly />}
        <Pills<Shown | 'all'>
          label="Which SMTP users"
          value={state ?? 'all'}
          onChange={(chosen) =>
            void navigate({ search: (before) => ({ ...before, state: chosen === 'all' ? undefined : chosen }) })
          }
          items={[
            { value: 'all', label: 'All', count: counts?.all },
            { value: 'refusing', label: 'Refusing now', count: refusing?.items.length, tone: 'refused' },
            { value: 'restricted', label: 'Restricted', count: counts?.restricted },
            { value: 'unrestricted', label: 'Any source', count: counts && counts.all - counts.restricted },
            { value: 'report-only', label: 'Report only', count: counts?.reportOnly, tone: 'warn' },
            { value: 'expiring', label: 'Expiring soon', count: counts?.expiring, tone: 'warn' },
            { value: 'expired', label: 'All expired', count: counts?.expired, tone: 'warn' },
          ]}
        />
        {list.error && list.rows && <Stale since={list.updatedAt} />}
        {list.error && !list.rows ? (
          <Failed error={list.error} retry={list.retry} />
        ) : (
          <Box opacity={list.isOld ? 0.55 : 1}>
            <DataTable
              label="SMTP users"
              columns={COLUMNS}
              rows={list.rows}
              rowKey={({ id }) => id}
              link={({ id }) => ({
                to: '/t/$tenantId/smtp-users/$smtpUserId',
                params: { tenantId, smtpUserId: id },
              })}
              {...(list.more && { more: list.more })}
              empty={empty ? <NoUsers add={add} /> : <NothingFound query={query} state={state} />}
            />
          </Box>
        )}
        {state === 'refusing' && refusing?.nextCursor && (
          <Dimmed size="xs">The {MOST_REFUSING} with the newest refusals. The page “Denials” shows all.</Dimmed>
        )}
      </Stack>
      <AddSmtpUser tenantId={tenantId} opened={adding} close={close} />
    </Page>
  );
}

type Listed = Pick<Row, 'id' | 'username' | 'restriction'>;

function useList(tenantId: string, query: string | undefined, state: Shown | undefined) {
  const isRefusing = state === 'refusing';
  const users = useInfiniteQuery({
    ...usersQuery(tenantId, query, isRefusing ? undefined : state),
    enabled: !isRefusing,
  });
  const refusing = useQuery({ ...refusingQuery(tenantId), enabled: isRefusing });
  const shown = isRefusing ? refusing : users;
  const words = query?.toLowerCase() ?? '';
  const listed: readonly Listed[] = isRefusing
    ? (refusing.data?.items ?? [])
        .filter(({ username }) => username.toLowerCase().includes(words))
        .map(({ smtpUserId, username }) => ({ id: smtpUserId, username, restriction: null }))
    : (users.data ?? []);
  const since = new Date(useNow().toDateString()).toISOString();
  const pages = Array.from({ length: Math.ceil(listed.length / PAGE) }, (_, page) =>
    listed.slice(page * PAGE, (page + 1) * PAGE).map(({ id }) => id),
  );
  const summaries = useQueries({ queries: pages.map((ids) => summariesQuery(tenantId, ids, since)) });
  const byId = new Map(summaries.flatMap(({ data }) => data ?? []).map((summary) => [summary.smtpUserId, summary]));
  const rows = listed.map((user, at): Row => ({
    ...user,
    tenantId,
    summary: summaries[Math.floor(at / PAGE)]?.data && (byId.get(user.id) ?? null),
  }));
  return {
    rows: shown.data && rows,
    more: isRefusing ? undefined : users,
    isOld: !isRefusing && users.isPlaceholderData,
    error: shown.error,
    updatedAt: shown.dataUpdatedAt,
    retry: () => void shown.refetch(),
  };
}

const COLUMNS: readonly Column<Row>[] = [
  {
    id: 'username',
    header: 'Username',
    phone: 'title',
    width: '30%',
    wraps: true,
    cell: ({ username }) => <Username>{username}</Username>,
  },
  {
    id: 'restriction',
    header: 'Restriction',
    phone: 'detail',
    wraps: true,
    cell: (row) => <Restricted row={row} />,
  },
  {
    id: 'denials',
    header: 'Denials',
    phone: 'detail-aside',
    width: '38%',
    wraps: true,
    cell: (row) => <Denials row={row} />,
  },
];

function useRestriction({ tenantId, id, restriction }: Row) {
  const userQuery = { ...smtpUserQuery(tenantId, id), enabled: restriction === null, refetchInterval: false } as const;
  const { data } = useQuery(userQuery);
  return restriction ?? data?.restriction;
}

function Restricted({ row }: { readonly row: Row }) {
  const restriction = useRestriction(row);
  return restriction && <RestrictionWords restriction={restriction} />;
}

function Denials({ row }: { readonly row: Row }) {
  const restriction = useRestriction(row);
  const { summary } = row;
  if (!summary) return summary === null && <Dimmed>—</Dimmed>;
  const denial = lastDenial(summary);
  if (denial.kind === 'refusing' && restriction && letsIn(restriction, denial.ip))
    return (
      <Dimmed>
        <span className="mono">{denial.ip}</span> is allowed now
      </Dimmed>
    );
  if (denial.kind === 'refusing')
    return (
      <Group gap="4px 12px" justify="space-between">
        <Text span inherit fw={500} c="var(--postern-refused-text)" className="tabular">
          <span aria-hidden>• </span>
          refusing{' '}
          <Box component="span" visibleFrom="sm" className="mono">
            {denial.ip}
          </Box>{' '}
          · {denial.text}
        </Text>
        <AllowAddress user={row} ip={denial.ip} menuOnly />
      </Group>
    );
  if (denial.kind === 'would-refuse')
    return (
      <Text span inherit c="var(--postern-warn-text)">
        {denial.text}
      </Text>
    );
  return (
    <Dimmed>
      last denied <Time at={denial.at} />
    </Dimmed>
  );
}

function NoUsers({ add }: { readonly add: ReactNode }) {
  return (
    <FirstSteps
      title="Two steps until logins come only from known addresses"
      steps={[
        {
          title: 'Add an SMTP user',
          text: 'Its username is the one with which a program logs in to your mail relays. Postern never sees the password.',
          action: add,
        },
        {
          title: 'Give it a list of addresses',
          text: 'Until it has one, it may log in from every address. Start with report only: logins from other addresses are shown here, and still let through.',
        },
      ]}
    >
      There is no SMTP user here yet. Relays defer logins of users that Postern does not know: the client tries again
      later.
    </FirstSteps>
  );
}

const NONE_OF: Readonly<Record<Shown, string>> = {
  refusing: 'No login was refused in the last five minutes.',
  restricted: 'Every SMTP user may log in from any source.',
  unrestricted: 'Every SMTP user has a list of addresses.',
  'report-only': 'Every restriction is enforced.',
  expiring: 'No entry expires within the next 7 days.',
  expired: 'Every restricted SMTP user has a live entry.',
};

function NothingFound({ query, state }: { readonly query: string | undefined; readonly state: Shown | undefined }) {
  if (query === undefined) return <Empty title="None">{state && NONE_OF[state]}</Empty>;
  return (
    <Empty title="Nothing found">
      No username {state !== undefined && 'in this view '}has “{query}” in it.
    </Empty>
  );
}

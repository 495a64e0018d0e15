import { Box, Button, Group, Stack, Text } from '@mantine/core';
import { parseRange } from '@postern/ip-ranges';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { DenialsChart } from '../../denials/DenialsChart.js';
import { denialsQuery, type DenialFilters } from '../../denials/queries.js';
import { counted, REASONS, type Denial } from '../../denials/words.js';
import { ListTable, type Column } from '../../ui/DataTable.js';
import { LiveMark } from '../../ui/LiveMark.js';
import { Mono } from '../../ui/Mono.js';
import { NewRows } from '../../ui/NewRows.js';
import { Page } from '../../ui/Page.js';
import { Empty } from '../../ui/States.js';
import { Time } from '../../ui/Time.js';
import { useLive } from '../../ui/use-live.js';
import { Username } from '../../ui/Username.js';
import { given } from '../../search.js';
import { DenialPanel } from './DenialPanel.js';
import { DownloadCsv } from './DownloadCsv.js';
import { matches } from './filter-denials.js';
import { ChoiceFilter, PeriodFilter, TextFilter } from './Filters.js';
import { periodOf } from './period.js';

const HERE = '/signed-in/t/$tenantId/denials';
const USUAL = '7d';
const OUTCOMES = { true: 'Refused', false: 'Let through (report only)' } as const;

export function Denials() {
  const { tenantId } = useParams({ from: HERE });
  const search = useSearch({ from: HERE });
  const navigate = useNavigate({ from: '/t/$tenantId/denials' });
  const { period, from, to, open, ...filters } = search;
  const [loadedAt, setLoadedAt] = useState(() => new Date());
  const [waiting, setWaiting] = useState(0);
  const requestedPeriod = useMemo(
    () => periodOf({ period: period ?? USUAL, from, to }, loadedAt),
    [period, from, to, loadedAt],
  );
  const all: DenialFilters = given({ ...filters, ...requestedPeriod });
  const query = useInfiniteQuery({ ...denialsQuery(tenantId, all), placeholderData: keepPreviousData });
  const reload = () => {
    setWaiting(0);
    setLoadedAt(() => new Date());
  };
  const live = useLive<Denial>(`/v1/tenants/${tenantId}/denials/stream`, {
    enabled: requestedPeriod.to === undefined,
    event: 'denial',
    onEvent: (denial) => matches(denial, all) && setWaiting((before) => before + 1),
    onGap: reload,
  });
  const change = (part: Partial<typeof search>) => {
    setWaiting(0);
    void navigate({ search: (before) => ({ ...before, open: undefined, ...part }), replace: true, resetScroll: false });
  };
  const show = (id: string | undefined) =>
    void navigate({ search: (before) => ({ ...before, open: id }), replace: true, resetScroll: false });
  const filtered = Object.values(filters).some((value) => value !== undefined);
  const shown = query.data?.find(({ id }) => id === open);
  return (
    <Page
      title="Denials"
      description="Logins that were refused, or recorded and let through in report only."
      actions={<DownloadCsv path={`/v1/tenants/${tenantId}/denials`} filters={all} />}
    >
      <Stack gap="md">
        <Group gap="xs" role="search" aria-label="Filters">
          <PeriodFilter
            search={search}
            usual={USUAL}
            onChange={(next) => change({ period: undefined, from: undefined, to: undefined, ...next })}
          />
          <TextFilter
            label="Address"
            hint="203.0.113.9 or 203.0.113.0/24"
            value={search.ip}
            onChange={(ip) => change({ ip })}
            refuse={refuseRange}
          />
          <TextFilter
            label="Username"
            hint="app@acme.example"
            value={search.username}
            onChange={(username) => change({ username })}
          />
          <TextFilter label="Relay" hint="mx1" value={search.relay} onChange={(relay) => change({ relay })} />
          <ChoiceFilter
            label="Reason"
            value={search.reason}
            choices={REASONS}
            onChange={(reason) => change({ reason })}
          />
          <ChoiceFilter
            label="Outcome"
            value={search.refused}
            choices={OUTCOMES}
            onChange={(refused) => change({ refused })}
          />
        </Group>
        {requestedPeriod.from !== undefined && (query.data || !query.error) && (
          <DenialsChart
            tenantId={tenantId}
            range={{ from: requestedPeriod.from, to: requestedPeriod.to ?? loadedAt.toISOString() }}
            filters={given(filters)}
            by="reason"
            onSelect={(range) => change({ period: undefined, ...range })}
          />
        )}
        <div>
          <Group justify="flex-end" mih={20}>
            {requestedPeriod.to === undefined && <LiveMark live={live} />}
          </Group>
          <NewRows count={waiting} onShow={reload} />
          <ListTable
            label="Denials"
            columns={COLUMNS}
            query={query}
            rowKey={({ id }) => id}
            onOpen={({ id }) => show(id)}
            open={open}
            empty={<Nothing {...(filtered && { clear: () => change(NO_FILTERS) })} />}
          />
        </div>
      </Stack>
      <DenialPanel denial={shown} onClose={() => show(undefined)} />
    </Page>
  );
}

const NO_FILTERS = { ip: undefined, username: undefined, relay: undefined, reason: undefined, refused: undefined };

function refuseRange(text: string): string | null {
  const range = parseRange(text);
  return range.ok ? null : range.detail;
}

function Nothing({ clear }: { readonly clear?: () => void }) {
  if (!clear)
    return (
      <Empty title="No login was denied in this time">
        Every login with the right password came from an allowed address, or nobody tried. A denial appears here at
        once.
      </Empty>
    );
  return (
    <Empty
      title="No denial in this time fits these filters"
      action={
        <Button variant="default" onClick={clear}>
          Clear filters
        </Button>
      }
    />
  );
}

const COLUMNS: readonly Column<Denial>[] = [
  {
    id: 'at',
    header: 'Time',
    width: 150,
    phone: 'aside',
    cell: ({ occurredAt }) => <Time at={occurredAt} exact className="mono" />,
  },
  {
    id: 'username',
    header: 'SMTP user',
    phone: 'title',
    wraps: true,
    cell: ({ username }) => <Username>{username}</Username>,
  },
  { id: 'ip', header: 'Address', width: 150, phone: 'detail', wraps: true, cell: ({ ip }) => <Mono>{ip}</Mono> },
  { id: 'relay', header: 'Relay', width: 100, from: 'lg', cell: ({ relay }) => relay },
  { id: 'reason', header: 'Reason', width: 140, from: 'lg', cell: ({ reason }) => REASONS[reason] },
  {
    id: 'outcome',
    header: 'Outcome',
    width: 112,
    from: 'md',
    phone: 'detail-aside',
    cell: ({ refused, count }) => (
      <Text span inherit {...(!refused && { c: 'var(--postern-warn-text)' })}>
        <Box component="span" hiddenFrom="sm" className="tabular">
          {count.toLocaleString('en')} ×{' '}
        </Box>
        {refused ? 'Refused' : 'Let through'}
      </Text>
    ),
  },
  {
    id: 'count',
    header: 'Logins',
    width: 76,
    from: 'md',
    align: 'end',
    cell: ({ count }) => (
      <span className="mono" title={counted(count, 'login')}>
        {count.toLocaleString('en')}
      </span>
    ),
  },
];

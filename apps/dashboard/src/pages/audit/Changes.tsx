import { Group, Stack, Text } from '@mantine/core';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { byRequest } from '../../changes/change-diff.js';
import { ChangeDetails, Difference, titleOfAll } from '../../changes/ChangeDetails.js';
import { changesQuery, type ChangeFilters } from '../../changes/queries.js';
import { Dimmed } from '../../ui/Dimmed.js';
import { ListTable, type Column } from '../../ui/DataTable.js';
import { Page } from '../../ui/Page.js';
import { SidePanel } from '../../ui/SidePanel.js';
import { Empty } from '../../ui/States.js';
import { Time } from '../../ui/Time.js';
import { given } from '../../search.js';
import { DownloadCsv } from './DownloadCsv.js';
import { PeriodFilter, TextFilter } from './Filters.js';
import { periodOf } from './period.js';

const HERE = '/signed-in/t/$tenantId/changes';

/** The changes of one request. */
type Row = ReturnType<typeof byRequest>[number];

export function Changes() {
  const { tenantId } = useParams({ from: HERE });
  const search = useSearch({ from: HERE });
  const navigate = useNavigate({ from: '/t/$tenantId/changes' });
  const { actor, username, open } = search;
  const [loadedAt] = useState(() => new Date());
  const filters = useMemo(
    () => given({ actor, username, ...periodOf(search, loadedAt) }),
    [actor, username, search, loadedAt],
  );
  const query = useInfiniteQuery({ ...changesQuery(tenantId, filters), placeholderData: keepPreviousData });
  const rows = useMemo(() => query.data && byRequest(query.data), [query.data]);
  const change = (part: Partial<typeof search>) =>
    void navigate({ search: (before) => ({ ...before, ...part }), replace: true, resetScroll: false });
  const shown = rows?.find(([{ eventId }]) => eventId === open);
  return (
    <Page
      title="Changes"
      description="Who changed what, when, and in which request."
      actions={<DownloadCsv path={`/v1/tenants/${tenantId}/changes`} filters={filters} />}
    >
      <Stack gap="md">
        <Group gap="xs" role="search" aria-label="Filters">
          <PeriodFilter
            search={search}
            usual="any"
            onChange={(next) => change({ period: undefined, from: undefined, to: undefined, open: undefined, ...next })}
          />
          <TextFilter
            label="Key"
            hint="a key’s name or id"
            value={actor}
            onChange={(name) => change({ actor: name, open: undefined })}
          />
          <TextFilter
            label="Username"
            hint="app@acme.example"
            value={username}
            onChange={(name) => change({ username: name, open: undefined })}
          />
        </Group>
        <ListTable
          label="Changes"
          columns={COLUMNS}
          query={{ ...query, data: rows }}
          rowKey={([{ eventId }]) => eventId}
          onOpen={([{ eventId }]) => change({ open: eventId })}
          open={open}
          empty={
            <Empty title={nothingWords(filters)}>
              {username === undefined
                ? 'Choose a longer time, or another key.'
                : 'Choose a longer time, or remove a filter. The name must be complete, in upper or lower case.'}
            </Empty>
          }
        />
      </Stack>
      <SidePanel
        opened={shown !== undefined}
        onClose={() => change({ open: undefined })}
        title={shown ? titleOfAll(shown) : 'Change'}
      >
        {shown && <Details key={open} tenantId={tenantId} changes={shown} />}
      </SidePanel>
    </Page>
  );
}

function nothingWords({ actor, username }: ChangeFilters): string {
  const of = username === undefined ? 'Nothing' : `Nothing of ${username}`;
  return actor === undefined ? `${of} was changed in this time` : `${of} was changed by the key ${actor} in this time`;
}

function Details({ tenantId, changes }: { readonly tenantId: string; readonly changes: Row }) {
  const [{ smtpUserId, username }] = changes;
  return (
    <Stack gap="lg">
      {smtpUserId !== null && (
        <Text size="sm">
          SMTP user{' '}
          <Link to="/t/$tenantId/smtp-users/$smtpUserId" params={{ tenantId, smtpUserId }} search={{ tab: 'history' }}>
            {username}
          </Link>
        </Text>
      )}
      <Difference changes={changes} />
      <ChangeDetails changes={changes} />
    </Stack>
  );
}

const COLUMNS: readonly Column<Row>[] = [
  {
    id: 'at',
    header: 'Time',
    width: 158,
    phone: 'aside',
    cell: ([{ occurredAt }]) => <Time at={occurredAt} exact className="mono" />,
  },
  { id: 'what', header: 'Change', phone: 'title', wraps: true, cell: titleOfAll },
  {
    id: 'username',
    header: 'SMTP user',
    width: '28%',
    wraps: true,
    phone: 'detail',
    cell: ([{ username }]) => username ?? <Dimmed>—</Dimmed>,
  },
  {
    id: 'by',
    header: 'By',
    width: '18%',
    phone: 'detail-aside',
    cell: ([{ actor }]) => actor.name,
  },
];

import { Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { api, take } from '../../api/client.js';
import { DataTable, type Column } from '../../ui/DataTable.js';
import { Mono } from '../../ui/Mono.js';
import { NewRows } from '../../ui/NewRows.js';
import { Page } from '../../ui/Page.js';
import { Empty, Failed, Stale } from '../../ui/States.js';
import { Time } from '../../ui/Time.js';
import { behindInWords, heldBack, type Relay } from './relay-words.js';

const PAGE = 500;
/** How often relays report. */
const EVERY_MS = 5_000;

const idOf = ({ keyId, name }: Relay) => `${keyId} ${name}`;

/** The relays that had contact within a day. Values change in place; new relays appear only on a click. */
export function Relays() {
  const query = useInfiniteQuery({
    queryKey: ['relays'],
    queryFn: ({ pageParam, signal }) =>
      take(
        api.GET('/v1/relays', { params: { query: { limit: PAGE, ...(pageParam && { cursor: pageParam }) } }, signal }),
      ),
    initialPageParam: '',
    getNextPageParam: ({ nextCursor }) => nextCursor,
    refetchInterval: EVERY_MS,
  });
  const all = useMemo(() => query.data?.pages.flatMap(({ items }) => items), [query.data]);
  const [shown, setShown] = useState<ReadonlySet<string> | null>(null);
  const pages = query.data?.pages.length ?? 0;
  const [pagesShown, setPagesShown] = useState(0);
  // The first page, and each page that was asked for, appears at once.
  if (all && all.length > 0 && (shown === null || pages > pagesShown)) {
    setShown(new Set(all.map(idOf)));
    setPagesShown(pages);
  }
  const held = useMemo(() => all && heldBack(all, idOf, shown), [all, shown]);
  return (
    <Page
      title="Relays"
      description="The mail relays that had contact within a day. A relay that loses its connection goes on deciding by the policies that it has."
      actions={query.error && all ? <Stale since={query.dataUpdatedAt} /> : undefined}
    >
      {query.error && !all ? (
        <Failed error={query.error} retry={() => void query.refetch()} />
      ) : (
        <>
          <NewRows count={held?.waiting ?? 0} onShow={() => setShown(new Set(all?.map(idOf)))} />
          <DataTable
            label="Relays"
            columns={COLUMNS}
            rows={held?.rows}
            rowKey={idOf}
            more={query}
            empty={
              <Empty title="No relay had contact within a day">
                <Link to="/operator/api-keys">Issue a relay key</Link>, and start the relay agent with it on your mail
                server. It appears here within seconds.
              </Empty>
            }
          />
        </>
      )}
    </Page>
  );
}

const Dimmed = ({ children }: { readonly children: string }) => (
  <Text span inherit c="dimmed">
    {children}
  </Text>
);

const COLUMNS: readonly Column<Relay>[] = [
  {
    id: 'name',
    header: 'Relay',
    width: '22%',
    phone: 'title',
    cell: ({ name }) => (
      <Text span inherit fw={500} truncate>
        {name}
      </Text>
    ),
  },
  {
    id: 'client',
    header: 'Version',
    width: '18%',
    from: 'lg',
    cell: ({ client }) => (client === null ? <Dimmed>—</Dimmed> : <Mono>{client}</Mono>),
  },
  {
    id: 'connected',
    header: 'Connection',
    phone: 'detail',
    cell: ({ connected, instance }) =>
      connected ? (
        <>
          to <Mono>{instance ?? ''}</Mono>
        </>
      ) : (
        <Text span inherit fw={500}>
          not connected
        </Text>
      ),
  },
  {
    id: 'revision',
    header: 'Revision sent',
    width: 165,
    phone: 'aside',
    cell: (relay) => (
      <>
        {relay.revision !== null && <Mono>{relay.revision.toLocaleString('en')}</Mono>}{' '}
        {relay.behind === 0 ? (
          <Dimmed>{behindInWords(relay)}</Dimmed>
        ) : (
          <span className="tabular">{behindInWords(relay)}</span>
        )}
      </>
    ),
  },
  {
    id: 'contact',
    header: 'Last contact',
    width: 125,
    phone: 'detail-aside',
    cell: ({ lastContactAt }) => <Time at={lastContactAt} />,
  },
  {
    id: 'denials',
    header: 'Denials waiting',
    width: 125,
    align: 'end',
    from: 'lg',
    cell: ({ denialsWaiting }) =>
      denialsWaiting === null ? <Dimmed>—</Dimmed> : <Mono>{denialsWaiting.toLocaleString('en')}</Mono>,
  },
];

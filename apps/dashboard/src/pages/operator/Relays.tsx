import { Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api, take, type Schema } from '../../api/client.js';
import { listQuery } from '../../api/list-query.js';
import { Dimmed } from '../../ui/Dimmed.js';
import { ListTable, type Column } from '../../ui/DataTable.js';
import { useHeldRows } from '../../ui/held-rows.js';
import { Mono } from '../../ui/Mono.js';
import { NewRows } from '../../ui/NewRows.js';
import { Page } from '../../ui/Page.js';
import { Empty, Stale } from '../../ui/States.js';
import { Time } from '../../ui/Time.js';
import { behindInWords } from './words.js';

type Relay = Schema<'RelayState'>;

const PAGE = 500;
/** How often relays report. */
const EVERY_MS = 5_000;

const relaysQuery = listQuery(['relays'], PAGE, (query, signal) =>
  take(api.GET('/v1/relays', { params: { query }, signal })),
);
const idOf = ({ keyId, name }: Relay) => `${keyId} ${name}`;

/** The relays that had contact within a day. Values change in place; new relays appear only on a click. */
export function Relays() {
  const relays = useInfiniteQuery({ ...relaysQuery, refetchInterval: EVERY_MS });
  const { waiting, show, query } = useHeldRows(relays, idOf);
  return (
    <Page
      title="Relays"
      description="The mail relays that had contact within a day. A relay that loses its connection keeps deciding with its last policies."
      actions={query.error && query.data ? <Stale since={query.dataUpdatedAt} /> : undefined}
    >
      <NewRows count={waiting} onShow={show} />
      <ListTable
        label="Relays"
        columns={COLUMNS}
        query={query}
        rowKey={idOf}
        empty={
          <Empty title="No relay had contact within a day">
            <Link to="/operator/api-keys">Issue a relay key</Link>, and start the relay agent with it on your mail
            server. It appears here within seconds.
          </Empty>
        }
      />
    </Page>
  );
}

const COLUMNS: readonly Column<Relay>[] = [
  {
    id: 'name',
    header: 'Relay',
    width: '22%',
    phone: 'title',
    cell: ({ name }) => name,
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
    named: true,
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

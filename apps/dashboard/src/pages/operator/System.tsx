import { Box, Skeleton, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api, take, type Schema } from '../../api/client.js';
import { Facts } from '../../changes/ChangeDetails.js';
import { DataTable, type Column } from '../../ui/DataTable.js';
import { Mono } from '../../ui/Mono.js';
import { Page } from '../../ui/Page.js';
import { Failed, Stale } from '../../ui/States.js';
import { Time } from '../../ui/Time.js';
import { DeadLetters } from './DeadLetters.js';
import { bytesInWords, consumerInWords, processInWords, secondsInWords } from './words.js';

type Process = Schema<'ProcessState'>;
type Consumer = Schema<'ConsumerState'>;

/** How often processes report. */
const EVERY_MS = 5_000;

export function System() {
  const query = useQuery({
    queryKey: ['system'],
    queryFn: ({ signal }) => take(api.GET('/v1/system', { signal })),
    refetchInterval: EVERY_MS,
  });
  const { data, error } = query;
  return (
    <Page
      title="System"
      description="What each process of this Postern reports every 5 seconds."
      actions={error && data ? <Stale since={query.dataUpdatedAt} /> : undefined}
    >
      {error && !data ? (
        <Failed error={error} retry={() => void query.refetch()} />
      ) : (
        <>
          <Section title="Services">
            <DataTable
              label="Services"
              columns={PROCESSES}
              rows={data?.services}
              rowKey={({ name, instance }) => `${name} ${instance}`}
            />
          </Section>
          <Section title="Consumers">
            <DataTable label="Consumers" columns={CONSUMERS} rows={data?.consumers} rowKey={({ name }) => name} />
          </Section>
          <Section title="Database and event bus">
            {data ? <Facts facts={factsOf(data)} /> : <Skeleton height={104} width={320} />}
          </Section>
        </>
      )}
      <Section title="Dead letters">
        <DeadLetters />
      </Section>
    </Page>
  );
}

function Section({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <Box component="section" mb="xl" aria-label={title}>
      <Title order={2} mb="xs">
        {title}
      </Title>
      {children}
    </Box>
  );
}

const factsOf = ({ database, bus }: Schema<'SystemState'>) => ({
  PostgreSQL: database.version,
  Size: bytesInWords(database.sizeBytes),
  Connections: `${database.connections} of ${database.maxConnections}`,
  'Event bus': bus.kind === 'kafka' ? `Kafka at ${bus.brokers.join(', ')}` : 'the journal’s feed',
});

const State = ({ well, children }: { readonly well: boolean; readonly children: string }) => (
  <Text span inherit {...(well ? { c: 'dimmed' } : { fw: 500 })}>
    {children}
  </Text>
);

const PROCESSES: readonly Column<Process>[] = [
  {
    id: 'name',
    header: 'Service',
    width: '24%',
    phone: 'title',
    cell: ({ name }) => name,
  },
  {
    id: 'instance',
    header: 'Instance',
    width: '22%',
    phone: 'detail',
    cell: ({ instance }) => (instance === null ? '—' : <Mono>{instance}</Mono>),
  },
  {
    id: 'state',
    header: 'State',
    phone: 'aside',
    cell: (process) => <State well={process.state === 'ready'}>{processInWords(process)}</State>,
  },
  {
    id: 'version',
    header: 'Version',
    width: 190,
    from: 'lg',
    cell: ({ version, commit }) => (version === null ? '—' : <Mono>{`${version} ${commit}`}</Mono>),
  },
  {
    id: 'seen',
    header: 'Last report',
    width: 125,
    phone: 'detail-aside',
    named: true,
    cell: ({ seenAt }) => (seenAt === null ? '—' : <Time at={seenAt} />),
  },
];

const CONSUMERS: readonly Column<Consumer>[] = [
  {
    id: 'name',
    header: 'Consumer',
    width: '24%',
    phone: 'title',
    cell: ({ name }) => name,
  },
  {
    id: 'state',
    header: 'State',
    phone: 'detail',
    cell: (consumer) => <State well={consumer.state === 'caught-up'}>{consumerInWords(consumer)}</State>,
  },
  {
    id: 'events',
    header: 'Lag in events',
    width: 140,
    align: 'end',
    phone: 'aside',
    named: true,
    cell: ({ lagEvents }) => (lagEvents === null ? '—' : <Mono>{lagEvents.toLocaleString('en')}</Mono>),
  },
  {
    id: 'seconds',
    header: 'Oldest',
    width: 110,
    align: 'end',
    from: 'md',
    cell: ({ lagSeconds }) => (lagSeconds === null ? '—' : <Mono>{secondsInWords(lagSeconds)}</Mono>),
  },
];

import { Group, Stack, Text, Title } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { addressColumns } from '../../../denials/address-columns.js';
import { AllowAddress } from '../../../denials/AllowAddress.js';
import { Dimmed } from '../../../ui/Dimmed.js';
import { Chart } from '../../../ui/Chart.js';
import { ListTable, type Column } from '../../../ui/DataTable.js';
import { Empty, Failed } from '../../../ui/States.js';
import { ChartHeader } from '../ChartHeader.js';
import type { SmtpUser } from '../smtp-user.js';
import { LoginCoverage } from './LoginCoverage.js';
import { sourceHistogramQuery, sourcesQuery, type Source } from './queries.js';

const PARTS = [
  { name: 'allowed', label: 'Allowed now', color: 'var(--postern-link)' },
  { name: 'refused', label: 'Would be refused now', color: 'var(--postern-refused)' },
];

export function Sources({ user }: { readonly user: SmtpUser }) {
  const [days, setDays] = useState(30);
  const histogram = useQuery({ ...sourceHistogramQuery(user, days), placeholderData: (shown) => shown });
  const sources = useInfiniteQuery(sourcesQuery(user));
  const columns = useMemo(() => columnsFor(user), [user]);
  if (histogram.error && !histogram.data)
    return <Failed error={histogram.error} retry={() => void Promise.all([histogram.refetch(), sources.refetch()])} />;
  if (sources.data?.length === 0 && histogram.data)
    return (
      <Empty title="No login is known" action={<LoginCoverage coverage={histogram.data} />}>
        Every minute, relays report the logins that they let through. Once {user.username} logs in, its addresses appear
        here.
      </Empty>
    );
  return (
    <Stack gap="lg">
      <div>
        <ChartHeader title="Logins by day" days={days} choices={[7, 30, 90]} onChange={setDays} />
        <Chart
          of={
            histogram.data && {
              what: 'Logins',
              bars: histogram.data.days.map(({ day, allowed, refused }) => ({
                at: `${day}T00:00:00.000Z`,
                parts: { allowed, refused },
              })),
              interval: 'day',
              parts: PARTS,
            }
          }
        />
        {histogram.data && <LoginCoverage coverage={histogram.data} />}
      </div>
      <div>
        <Title order={2} fz="sm" mb="xs">
          Addresses that logged in
        </Title>
        <ListTable label="Addresses that logged in" columns={columns} query={sources} rowKey={({ ip }) => ip} />
      </div>
    </Stack>
  );
}

const ADDRESS_COLUMNS = addressColumns<Source>(({ logins, lastSeenAt, firstSeenAt }) => ({
  logins,
  last: lastSeenAt,
  first: firstSeenAt,
}));

function columnsFor(user: SmtpUser): readonly Column<Source>[] {
  return [
    ...ADDRESS_COLUMNS,
    {
      id: 'now',
      header: 'Now',
      width: 212,
      align: 'end',
      phone: 'aside',
      cell: (source) => <Now user={user} source={source} />,
    },
  ];
}

function Now({ user, source: { ip, reason, matched } }: { readonly user: SmtpUser; readonly source: Source }) {
  if (matched)
    return (
      <Text size="sm" c="dimmed" truncate>
        {matched.range === ip ? 'Allowed' : `Allowed by ${matched.range}`}
      </Text>
    );
  if (reason === 'unrestricted') return <Dimmed size="sm">Any source</Dimmed>;
  return (
    <Group gap="xs" justify="flex-end" wrap="nowrap">
      <Text size="sm" visibleFrom="sm">
        {user.restriction.mode === 'enforce' ? 'Would be refused' : 'Not on the list'}
      </Text>
      <AllowAddress user={user} ip={ip} menuOnly />
    </Group>
  );
}

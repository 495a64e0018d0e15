import { Group, Stack, Text, Title } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { addressColumns } from '../../../denials/address-columns.js';
import { AllowAddress } from '../../../denials/AllowAddress.js';
import { DenialsChart } from '../../../denials/DenialsChart.js';
import type { Range } from '../../../denials/histogram.js';
import { deniedIpsQuery } from '../../../denials/queries.js';
import { letsIn } from '../../../denials/refusals.js';
import { REASONS, type DeniedIp } from '../../../denials/words.js';
import { Dimmed } from '../../../ui/Dimmed.js';
import { inDays } from '../../../ui/dates.js';
import { ListTable, type Column } from '../../../ui/DataTable.js';
import { useHeldRows } from '../../../ui/held-rows.js';
import { LiveMark } from '../../../ui/LiveMark.js';
import { NewRows } from '../../../ui/NewRows.js';
import { Empty } from '../../../ui/States.js';
import type { Live } from '../../../ui/use-live.js';
import { ChartHeader } from '../ChartHeader.js';
import type { SmtpUser } from '../smtp-user.js';

const idOf = ({ ip }: DeniedIp) => ip;

export function Denied({ user, live }: { readonly user: SmtpUser; readonly live: Live }) {
  const { waiting, show, query } = useHeldRows(useInfiniteQuery(deniedIpsQuery(user)), idOf);
  const columns = useMemo(() => columnsFor(user), [user]);
  if (query.data?.length === 0) return <Nothing user={user} />;
  return (
    <Stack gap="lg">
      <OverTime user={user} />
      <div>
        <Group justify="space-between" mb="xs">
          <Title order={2} fz="sm">
            Denied addresses
          </Title>
          <LiveMark live={live} />
        </Group>
        <NewRows count={waiting} onShow={show} />
        <ListTable label="Denied addresses" columns={columns} query={query} rowKey={idOf} />
      </div>
    </Stack>
  );
}

function lastDays(days: number): { readonly days: number; readonly range: Range } {
  return { days, range: { from: inDays(-days), to: inDays(0) } };
}

function OverTime({ user }: { readonly user: SmtpUser }) {
  const [{ days, range }, setPeriod] = useState(() => lastDays(7));
  return (
    <div>
      <ChartHeader
        title="Denied logins"
        days={days}
        choices={[1, 7, 30]}
        onChange={(chosen) => setPeriod(lastDays(chosen))}
      />
      <DenialsChart tenantId={user.tenantId} smtpUserId={user.id} range={range} by="outcome" />
    </div>
  );
}

const ADDRESS_COLUMNS = addressColumns<DeniedIp>(({ count, lastDeniedAt, firstDeniedAt }) => ({
  logins: count,
  last: lastDeniedAt,
  first: firstDeniedAt,
}));

function columnsFor(user: SmtpUser): readonly Column<DeniedIp>[] {
  return [
    ...ADDRESS_COLUMNS,
    {
      id: 'reasons',
      header: 'Why',
      width: 150,
      from: 'lg',
      cell: ({ reasons }) => (
        <Text size="sm" c="dimmed" truncate>
          {reasons.map((reason) => REASONS[reason]).join(', ')}
        </Text>
      ),
    },
    {
      id: 'now',
      header: 'Now',
      width: 176,
      align: 'end',
      phone: 'aside',
      cell: (row) => <Now user={user} row={row} />,
    },
  ];
}

function Now({ user, row }: { readonly user: SmtpUser; readonly row: DeniedIp }) {
  if (letsIn(user.restriction, row.ip)) return <Dimmed size="sm">Allowed now</Dimmed>;
  if (row.looksLikeProxy)
    return (
      <Text
        size="sm"
        c="dimmed"
        title="Several users were denied from it: if you allow it, everybody behind it can log in."
      >
        Looks like your proxy
      </Text>
    );
  return (
    <Group gap="xs" justify="flex-end" wrap="nowrap">
      <Text size="sm" visibleFrom="sm">
        {user.restriction.mode === 'enforce' ? 'Refused' : 'Let through'}
      </Text>
      <AllowAddress user={user} ip={row.ip} />
    </Group>
  );
}

function Nothing({ user: { username, restriction } }: { readonly user: SmtpUser }) {
  if (!restriction.restricted)
    return (
      <Empty title="Nothing is refused">
        {username} may log in from any address. Denials appear here once the addresses are restricted.
      </Empty>
    );
  return restriction.mode === 'enforce' ? (
    <Empty title="No login was refused">
      Every login of {username} came from an allowed address, or nobody tried. A refused one appears here at once.
    </Empty>
  ) : (
    <Empty title="No login would have been refused">
      Report only refuses nothing, and records logins from other addresses. There was none so far.
    </Empty>
  );
}

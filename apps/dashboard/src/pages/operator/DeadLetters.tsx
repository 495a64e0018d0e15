import { Button, Code, Group, Stack, Text } from '@mantine/core';
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, take, type Schema } from '../../api/client.js';
import { listQuery } from '../../api/list-query.js';
import { Dimmed } from '../../ui/Dimmed.js';
import { Confirm } from '../../ui/Dialog.js';
import { ListTable, type Column } from '../../ui/DataTable.js';
import { Mono } from '../../ui/Mono.js';
import { SidePanel } from '../../ui/SidePanel.js';
import { Empty, Failed } from '../../ui/States.js';
import { Time } from '../../ui/Time.js';
import { showDone } from '../../ui/toast.js';

type DeadLetter = Schema<'DeadLetter'>;

const PAGE = 50;
const EVERY_MS = 15_000;
const KEY = ['dead-letters'] as const;
const deadLettersQuery = listQuery(KEY, PAGE, (query, signal) =>
  take(api.GET('/v1/dead-letters', { params: { query }, signal })),
);

/** Denials that could not be read, the oldest first, so that new ones appear at the end. */
export function DeadLetters() {
  const [open, setOpen] = useState<DeadLetter | null>(null);
  const query = useInfiniteQuery({ ...deadLettersQuery, refetchInterval: EVERY_MS });
  return (
    <>
      <ListTable
        label="Dead letters"
        columns={COLUMNS}
        query={query}
        rowKey={({ id }) => id}
        onOpen={setOpen}
        open={open?.id}
        empty={
          <Empty title="No dead letters wait">Every denial that relays reported could be read, and is recorded.</Empty>
        }
      />
      <SidePanel opened={open !== null} onClose={() => setOpen(null)} title="Dead letter">
        {open && <Letter key={open.id} letter={open} onDone={() => setOpen(null)} />}
      </SidePanel>
    </>
  );
}

function Letter({ letter, onDone }: { readonly letter: DeadLetter; readonly onDone: () => void }) {
  const { id } = letter;
  const [discarding, setDiscarding] = useState(false);
  const path = { params: { path: { deadLetterId: id } } };
  const complete = useQuery({
    queryKey: [...KEY, id],
    queryFn: ({ signal }) => take(api.GET('/v1/dead-letters/{deadLetterId}', { ...path, signal })),
  });
  const queries = useQueryClient();
  const done = async (message: string) => {
    await queries.invalidateQueries({ queryKey: KEY });
    onDone();
    showDone(message);
  };
  const retry = useMutation({
    mutationFn: () => take(api.POST('/v1/dead-letters/{deadLetterId}/retry', path)),
    onSuccess: async ({ outcome }) => {
      if (outcome === 'recorded') return done('It could be read, and is recorded.');
      if (outcome === 'known') return done('It was already recorded, and is not counted again.');
      return queries.invalidateQueries({ queryKey: KEY });
    },
  });
  const discard = useMutation({
    mutationFn: () => take<unknown>(api.DELETE('/v1/dead-letters/{deadLetterId}', path)),
    onSuccess: () => done('It is discarded.'),
  });
  const shown = complete.data ?? letter;
  return (
    <Stack gap="md">
      <Text size="sm">{shown.reason}</Text>
      <Dimmed size="xs">
        <Mono>{shown.partition === null ? shown.topic : `${shown.topic}/${shown.partition}@${shown.offset}`}</Mono>
        {' · '}
        <Time at={shown.deadLetteredAt} />
        {shown.tenantId !== null && ` · tenant ${shown.tenantId}`}
        {shown.lastAction && (
          <>
            {' · retried '}
            <Time at={shown.lastAction.at} /> by {shown.lastAction.actor?.name ?? shown.lastAction.machineUser}
          </>
        )}
      </Dimmed>
      <Group gap="xs">
        <Button onClick={() => retry.mutate()} loading={retry.isPending}>
          Retry
        </Button>
        <Button variant="default" onClick={() => setDiscarding(true)}>
          Discard
        </Button>
      </Group>
      <div role="status">
        {retry.data?.outcome === 'unreadable' && (
          <Text size="sm">It still cannot be read: {retry.data.reason} Update Postern and retry, or discard it.</Text>
        )}
      </div>
      {retry.error && <Failed error={retry.error} />}
      {complete.error && <Failed error={complete.error} retry={() => void complete.refetch()} />}
      {complete.data && (
        <Code block tabIndex={0}>
          {contentOf(complete.data)}
        </Code>
      )}
      <Confirm
        opened={discarding}
        onClose={() => setDiscarding(false)}
        title="Discard this dead letter"
        action="Discard"
        danger
        onConfirm={() => discard.mutate()}
        pending={discard.isPending}
        error={discard.error}
      >
        If it was a denial, it will not be in the audit trail. The letter is kept in the database, with your key’s name
        and the time.
      </Confirm>
    </Stack>
  );
}

function contentOf({ event, key, value }: Schema<'CompleteDeadLetter'>): string {
  return JSON.stringify(event ?? { key, value }, null, 2);
}

const COLUMNS: readonly Column<DeadLetter>[] = [
  { id: 'reason', header: 'Why it could not be read', phone: 'title', wraps: true, cell: ({ reason }) => reason },
  {
    id: 'tenant',
    header: 'Tenant',
    width: '16%',
    phone: 'detail',
    named: true,
    cell: ({ tenantId }) => tenantId ?? 'not known',
  },
  {
    id: 'retries',
    header: 'Retries',
    width: 90,
    align: 'end',
    from: 'md',
    cell: ({ retries }) => <Mono>{`${retries}`}</Mono>,
  },
  {
    id: 'since',
    header: 'Waiting since',
    width: 160,
    phone: 'detail-aside',
    named: true,
    cell: ({ deadLetteredAt }) => <Time at={deadLetteredAt} />,
  },
];

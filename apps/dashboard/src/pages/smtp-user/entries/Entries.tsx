import { ActionIcon, Button, Group, Stack, Text } from '@mantine/core';
import { IconDots } from '@tabler/icons-react';
import { parseRange } from '@postern/ip-ranges';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { counted } from '../../../denials/words.js';
import { Dimmed } from '../../../ui/Dimmed.js';
import { DataTable, type Column } from '../../../ui/DataTable.js';
import { Mono } from '../../../ui/Mono.js';
import { SearchField } from '../../../ui/SearchField.js';
import { Empty } from '../../../ui/States.js';
import { Time } from '../../../ui/Time.js';
import { addressesIn } from '../editor/addresses-in.js';
import type { Entry, SmtpUser, Warning } from '../smtp-user.js';
import { usedEntriesQuery, type UsedEntry } from '../sources/queries.js';
import { SuggestList } from '../sources/SuggestList.js';
import { EntryDialog } from './EntryDialog.js';
import { MyAddress } from './MyAddress.js';

interface Props {
  readonly user: SmtpUser;
  readonly writable: boolean;
  readonly openEditor: (mode: 'add' | 'replace', text?: string) => void;
}

const SEARCHABLE_FROM_ENTRIES = 12;

export function Entries({ user, writable, openEditor }: Props) {
  const { entries, restricted, mode } = user.restriction;
  const [search, setSearch] = useState('');
  const [edited, setEdited] = useState<Entry | null>(null);
  const { data: used } = useQuery({ ...usedEntriesQuery(user), enabled: restricted });
  const columns = useMemo(() => columnsOf(user, used, writable ? setEdited : null), [user, used, writable]);
  if (!restricted) {
    return (
      <Empty
        title="Any source may log in"
        action={
          writable && (
            <>
              <SuggestList user={user} use={(text) => openEditor('add', text)} />
              <MyAddress user={user} openEditor={openEditor} size="sm" />
            </>
          )
        }
      >
        There is no restriction: anyone with the password can log in from every address. With the first address that you
        add, every other address is {mode === 'report-only' ? 'recorded (report only)' : 'refused'}.
      </Empty>
    );
  }
  const found = search === '' ? entries : entries.filter((entry) => matches(entry, search));
  return (
    <Stack gap="sm">
      {entries.length >= SEARCHABLE_FROM_ENTRIES && (
        <Group justify="space-between">
          <SearchField label="Search ranges and notes" value={search} onChange={setSearch} />
          {search !== '' && (
            <Text size="xs" c="dimmed" role="status">
              {found.length.toLocaleString('en')} of {entries.length.toLocaleString('en')}
            </Text>
          )}
        </Group>
      )}
      <DataTable
        label="Allowed addresses"
        columns={columns}
        rows={found}
        rowKey={({ id }) => id}
        {...(writable && { onOpen: setEdited })}
        empty={<Empty title="Nothing found">No range and no note has “{search}” in it.</Empty>}
      />
      {writable && (
        <Group gap="xs">
          <MyAddress user={user} openEditor={openEditor} />
          <Button variant="subtle" color="gray" size="xs" onClick={() => openEditor('replace')}>
            Edit as text
          </Button>
        </Group>
      )}
      <EntryDialog user={user} entry={edited} close={() => setEdited(null)} />
    </Stack>
  );
}

function matches({ range, note, addedBy }: Entry, search: string): boolean {
  const words = search.toLowerCase();
  return [range, note ?? '', addedBy].some((text) => text.toLowerCase().includes(words));
}

function columnsOf(
  user: SmtpUser,
  used: ReadonlyMap<string, UsedEntry> | undefined,
  open: ((entry: Entry) => void) | null,
): Column<Entry>[] {
  const of = Map.groupBy(user.restriction.warnings, ({ entryId }) => entryId);
  return [
    {
      id: 'range',
      header: 'Range',
      phone: 'title',
      wraps: true,
      width: '24%',
      sort: ({ range }) => range,
      cell: ({ id, range, live }) => (
        <>
          <Mono {...(!live && { td: 'line-through', c: 'dimmed' })}>{range}</Mono>
          <Warnings of={of.get(id) ?? []} />
        </>
      ),
    },
    {
      id: 'addresses',
      header: 'Addresses',
      wraps: true,
      width: '12%',
      from: 'md',
      cell: ({ range }) => {
        const parsed = parseRange(range);
        return (
          <Text span inherit c="dimmed" className="tabular">
            {parsed.ok ? addressesIn(parsed.value) : ''}
          </Text>
        );
      },
    },
    {
      id: 'note',
      header: 'Note',
      phone: 'detail',
      wraps: true,
      sort: ({ note }) => note ?? '',
      cell: ({ note }) => (
        <Text inherit lineClamp={2} lh={1.35} dir="auto" title={note ?? undefined}>
          {note}
        </Text>
      ),
    },
    {
      id: 'added',
      header: 'Added',
      wraps: true,
      width: '17%',
      from: 'md',
      sort: ({ addedAt }) => addedAt,
      cell: ({ addedBy, addedAt }) => (
        <Text inherit c="dimmed" lineClamp={2} lh={1.35} title={addedBy}>
          {addedBy}, <Time at={addedAt} />
        </Text>
      ),
    },
    {
      id: 'used',
      header: 'Last login',
      width: '11%',
      from: 'lg',
      sort: ({ id }) => used?.get(id)?.lastMatchedAt ?? '',
      cell: ({ id }) => <LastLogin use={used?.get(id)} />,
    },
    {
      id: 'expires',
      header: 'Expires',
      phone: 'detail-aside',
      named: true,
      wraps: true,
      width: '14%',
      sort: ({ expiresAt }) => expiresAt ?? '~',
      cell: (entry) => (
        <Expires entry={entry} soon={of.get(entry.id)?.some(({ code }) => code === 'expires-soon') ?? false} />
      ),
    },
    ...(open === null
      ? []
      : [
          {
            id: 'menu',
            header: '',
            phone: 'aside' as const,
            width: 52,
            align: 'end' as const,
            cell: (entry: Entry) => (
              <ActionIcon aria-label={`Change or remove ${entry.range}`} onClick={() => open(entry)}>
                <IconDots size={16} aria-hidden />
              </ActionIcon>
            ),
          },
        ]),
  ];
}

const SHORT: Partial<Record<Warning['code'], string>> = {
  'covered-by': 'inside another entry',
  'very-wide': 'very wide',
  'private-range': 'private addresses',
};

/** One word each; the API's sentence on hover and in the entry's dialog. `expires-soon` is shown by the colour of the end instead. */
function Warnings({ of }: { readonly of: readonly Warning[] }) {
  const shown = of.flatMap(({ code, detail }) => {
    const short = SHORT[code];
    return short === undefined ? [] : [{ short, detail }];
  });
  if (shown.length === 0) return null;
  return (
    <Text size="xs" fw={400} lh={1.35} c="var(--postern-warn-text)" title={shown.map(({ detail }) => detail).join(' ')}>
      {shown.map(({ short }) => short).join(', ')}
    </Text>
  );
}

function LastLogin({ use }: { readonly use: UsedEntry | undefined }) {
  if (use === undefined) return <Dimmed>—</Dimmed>;
  return (
    <Text span inherit c="dimmed" title={`${counted(use.logins30d, 'login')} in the last 30 days`}>
      {use.lastMatchedAt === null ? 'none yet' : <Time at={use.lastMatchedAt} />}
    </Text>
  );
}

function Expires({ entry: { expiresAt, live }, soon }: { readonly entry: Entry; readonly soon: boolean }) {
  if (expiresAt === null) return <Dimmed>never</Dimmed>;
  return (
    <Text span inherit {...((soon || !live) && { c: 'var(--postern-warn-text)' })}>
      {!live && 'expired '}
      <Time at={expiresAt} />
    </Text>
  );
}

import { ActionIcon, Button, Group, Menu, Stack, Text } from '@mantine/core';
import { IconDots, IconPencil, IconPlus, IconTrash } from '@tabler/icons-react';
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
import { showDone, showUndo } from '../../../ui/toast.js';
import { addressesIn } from '../editor/addresses-in.js';
import {
  addEntries,
  removeEntry,
  useRestrictionChange,
  requestedOf,
  type Entry,
  type SmtpUser,
  type Warning,
} from '../smtp-user.js';
import classes from './Entries.module.css';
import { isUnused } from '../sources/entry-use.js';
import { PreviewLine } from '../sources/PreviewFigures.js';
import { usedEntriesQuery, type UsedEntry } from '../sources/queries.js';
import { SuggestList } from '../sources/SuggestList.js';
import { EntryDialog } from './EntryDialog.js';
import { LastEntry } from './LastEntry.js';
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
  const { remove, error, last, setLast } = useRemove(user);
  const { data: used } = useQuery({
    ...usedEntriesQuery(user),
    enabled: restricted,
  });
  const columns = useMemo(
    () => columnsOf(user, useOf(used), writable ? { edit: setEdited, remove } : null),
    // `remove` is a new function at each render, but always does the same for the same user.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
    [used, writable, user],
  );
  if (!restricted) {
    return (
      <Empty
        title="Any source may log in"
        action={
          writable && (
            <>
              <SuggestList user={user} use={(text) => openEditor('add', text)} />
              <Button
                variant="default"
                leftSection={<IconPlus size={16} aria-hidden />}
                onClick={() => openEditor('add')}
              >
                Add addresses
              </Button>
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
      {error && (
        <Text size="sm" role="alert" c="var(--postern-refused-text)">
          {error.message}
        </Text>
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
      <LastEntry user={user} entry={last} close={() => setLast(null)} />
    </Stack>
  );
}

function matches({ range, note, addedBy }: Entry, search: string): boolean {
  const words = search.toLowerCase();
  return [range, note ?? '', addedBy].some((text) => text.toLowerCase().includes(words));
}

/** Removes at once, with an undo. For the last entry, it explains instead what removing it would mean. */
function useRemove(user: SmtpUser) {
  const [last, setLast] = useState<Entry | null>(null);
  const add = useRestrictionChange(user, (entry: Entry) => addEntries(user, [requestedOf(entry)]));
  const { mutate, error } = useRestrictionChange(user, ({ id }: Entry) => removeEntry(user, id));
  const remove = (entry: Entry) => {
    if (user.restriction.entries.length === 1) return setLast(entry);
    mutate(entry, {
      // An expired entry cannot be added again: the API refuses an end in the past.
      onSuccess: () =>
        entry.live
          ? showUndo(`Removed ${entry.range}.`, () => add.mutate(entry))
          : showDone(`Removed ${entry.range}, which was expired.`),
    });
  };
  return { remove, error: error ?? add.error, last, setLast };
}

interface Use {
  readonly lastMatchedAt: string | null;
  readonly logins30d: number;
  readonly unused: boolean;
}
type UseOf = (entry: Entry) => Use | null;

/** Null if unknown: no relay reports logins, or the entry is newer than the data. */
function useOf(used: { readonly items: readonly UsedEntry[]; readonly since: string | null } | undefined): UseOf {
  if (!used || used.since === null) return () => null;
  const now = Date.now();
  const uses = new Map(used.items.map((item) => [item.entry.id, { ...item, unused: isUnused(item, used.since, now) }]));
  return ({ id }) => uses.get(id) ?? null;
}

interface Actions {
  readonly edit: (entry: Entry) => void;
  readonly remove: (entry: Entry) => void;
}

function columnsOf(user: SmtpUser, useOfEntry: UseOf, actions: Actions | null): Column<Entry>[] {
  const of = Map.groupBy(user.restriction.warnings, ({ entryId }) => entryId);
  return [
    {
      id: 'range',
      header: 'Range',
      phone: 'title',
      width: '24%',
      sort: ({ range }) => range,
      cell: ({ id, range, live }) => (
        <div className={classes['range']} data-expired={!live || undefined}>
          <Mono>{range}</Mono>
          <Warnings of={of.get(id) ?? []} />
        </div>
      ),
    },
    {
      id: 'addresses',
      header: 'Addresses',
      width: '12%',
      from: 'md',
      cell: ({ range }) => {
        const parsed = parseRange(range);
        return (
          <Text span inherit c="dimmed" className={`tabular ${classes['wraps'] ?? ''}`}>
            {parsed.ok ? addressesIn(parsed.value) : ''}
          </Text>
        );
      },
    },
    {
      id: 'note',
      header: 'Note',
      phone: 'detail',
      sort: ({ note }) => note ?? '',
      cell: ({ note }) => (
        <span className={classes['note']} dir="auto" title={note ?? undefined}>
          {note}
        </span>
      ),
    },
    {
      id: 'added',
      header: 'Added',
      width: '17%',
      from: 'md',
      sort: ({ addedAt }) => addedAt,
      cell: ({ addedBy, addedAt }) => (
        <Text span inherit c="dimmed" className={classes['added']}>
          <span className={classes['by']} title={addedBy}>
            {addedBy},
          </span>
          <Time at={addedAt} />
        </Text>
      ),
    },
    {
      id: 'used',
      header: 'Last login',
      width: '11%',
      from: 'lg',
      sort: (entry) => useOfEntry(entry)?.lastMatchedAt ?? '',
      cell: (entry) => <LastLogin use={useOfEntry(entry)} />,
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
    ...(actions === null
      ? []
      : [
          {
            id: 'menu',
            header: '',
            phone: 'aside' as const,
            width: 52,
            align: 'end' as const,
            cell: (entry: Entry) => <EntryMenu user={user} entry={entry} {...actions} />,
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
    <Text
      size="xs"
      c="var(--postern-warn-text)"
      className={classes['warning']}
      title={shown.map(({ detail }) => detail).join(' ')}
    >
      {shown.map(({ short }) => short).join(', ')}
    </Text>
  );
}

function LastLogin({ use }: { readonly use: Use | null }) {
  if (use === null) return <Dimmed>—</Dimmed>;
  const title = `${counted(use.logins30d, 'login')} in the last 30 days`;
  if (use.unused)
    return (
      <Text span inherit c="var(--postern-warn-text)" title="It let no login in for 90 days.">
        unused
      </Text>
    );
  return (
    <Text span inherit c="dimmed" title={title}>
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

interface EntryMenuProps extends Actions {
  readonly user: SmtpUser;
  readonly entry: Entry;
}

function EntryMenu({ user, entry, edit, remove }: EntryMenuProps) {
  return (
    <Menu position="bottom-end" width={260}>
      <Menu.Target>
        <ActionIcon aria-label={`Change or remove ${entry.range}`}>
          <IconDots size={16} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconPencil size={16} aria-hidden />} onClick={() => edit(entry)}>
          Note and expiry …
        </Menu.Item>
        <Menu.Item
          leftSection={<IconTrash size={16} aria-hidden />}
          c="var(--postern-refused-text)"
          onClick={() => remove(entry)}
        >
          Remove
          {user.restriction.entries.length > 1 && <PreviewLine user={user} change={{ remove: [entry.id] }} />}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

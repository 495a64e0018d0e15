import { Button, Group, Text } from '@mantine/core';
import { contains, neighbourhood, parseAddress, parseRange } from '@postern/ip-ranges';
import { IconPlus } from '@tabler/icons-react';
import { queryOptions, useQuery } from '@tanstack/react-query';
import { api, take } from '../../../api/client.js';
import { Mono } from '../../../ui/Mono.js';
import { showUndo } from '../../../ui/toast.js';
import { addEntries, removeEntry, useRestrictionChange, type SmtpUser } from '../smtp-user.js';

const myIp = queryOptions({
  queryKey: ['my-ip'],
  queryFn: ({ signal }) => take(api.GET('/v1/my-ip', { signal, headers: { accept: 'application/json' } })),
  staleTime: 60_000,
});

interface Props {
  readonly user: SmtpUser;
  readonly openEditor: (mode: 'add', text: string) => void;
  readonly size?: 'xs' | 'sm';
}

/** The address of this browser, one click from the list. On an unrestricted user it opens the editor, which says what the first entry does. */
export function MyAddress({ user, openEditor, size = 'xs' }: Props) {
  const { data } = useQuery(myIp);
  const remove = useRestrictionChange(user, (id: string) => removeEntry(user, id));
  const add = useRestrictionChange(user, (range: string) => addEntries(user, [{ range }]));
  const address = data && parseAddress(data.ip);
  if (!address?.ok) return null;
  const { restricted, entries } = user.restriction;
  const { family, text } = address.value;
  const listed = entries.find((entry) => {
    const range = parseRange(entry.range);
    return entry.live && range.ok && contains(range.value, address.value);
  });
  if (listed) {
    return (
      <Text size="xs" c="dimmed">
        Your current address <Mono>{text}</Mono> is on the list
        {listed.range !== text && <>, in {listed.range}</>}.
      </Text>
    );
  }
  const put = (range: string) => {
    if (!restricted) return openEditor('add', `${range}\n`);
    add.mutate(range, {
      onSuccess: (restriction) => {
        const entry = restriction.entries.find((one) => one.range === range);
        showUndo(`Added ${range}.`, () => entry && remove.mutate(entry.id));
      },
    });
  };
  return (
    <Group gap="xs">
      <Button
        variant="default"
        size={size}
        leftSection={<IconPlus size={14} aria-hidden />}
        loading={add.isPending}
        onClick={() => put(text)}
      >
        Add my current address&nbsp;<Mono>{text}</Mono>
      </Button>
      {family === 'IPv6' && (
        <Button
          variant="default"
          size={size}
          disabled={add.isPending}
          onClick={() => put(neighbourhood(address.value).text)}
        >
          or its network&nbsp;<Mono>{neighbourhood(address.value).text}</Mono>
        </Button>
      )}
      {add.error && (
        <Text size="xs" role="alert" c="var(--postern-refused-text)">
          {add.error.message}
        </Text>
      )}
    </Group>
  );
}

import { Anchor, Button, Group, Text } from '@mantine/core';
import { neighbourhood, parseAddress } from '@postern/ip-ranges';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { myAddressesQuery } from '../../../api/my-addresses.js';
import { isIn } from '../../../denials/refusals.js';
import { Dimmed } from '../../../ui/Dimmed.js';
import { Mono } from '../../../ui/Mono.js';
import { showUndo } from '../../../ui/toast.js';
import { addEntries, removeEntry, useRestrictionChange, type SmtpUser } from '../smtp-user.js';

interface Props {
  readonly user: SmtpUser;
  readonly openEditor: (mode: 'add', text: string) => void;
  readonly size?: 'xs' | 'sm';
}

/** Adds an address of this browser with one click. For an unrestricted user it opens the editor, which explains what a first entry does. */
export function MyAddress(props: Props) {
  const { data: addresses = [] } = useQuery(myAddressesQuery);
  const [current] = addresses;
  return (
    <>
      {addresses.map(({ family, ip }) => (
        <One key={family} ip={ip} isCurrent={ip === current?.ip} {...props} />
      ))}
      {current && addresses.length === 1 && (
        <Anchor component={Link} to="/help/ip-not-authorized" hash="your-address" fz="xs">
          And {current.family === 'IPv4' ? 'IPv6' : 'IPv4'}?
        </Anchor>
      )}
    </>
  );
}

function One({ user, openEditor, size = 'xs', ip, isCurrent }: Props & { readonly ip: string; isCurrent: boolean }) {
  const remove = useRestrictionChange(user, (id: string) => removeEntry(user, id));
  const add = useRestrictionChange(user, (range: string) => addEntries(user, [{ range }]));
  const address = parseAddress(ip);
  if (!address.ok) return null;
  const { restricted, entries } = user.restriction;
  const { family, text } = address.value;
  const name = isCurrent ? 'current address' : `${family} address`;
  const listed = entries.find(({ live, range }) => live && isIn(range, text));
  if (listed) {
    return (
      <Dimmed size="xs">
        Your {name} <Mono>{text}</Mono> is on the list
        {listed.range !== text && <>, in {listed.range}</>}.
      </Dimmed>
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
        Add my {name}&nbsp;<Mono>{text}</Mono>
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

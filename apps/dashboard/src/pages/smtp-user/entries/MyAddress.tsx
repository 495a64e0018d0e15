import { Button, Group } from '@mantine/core';
import { neighbourhood, parseAddress } from '@postern/ip-ranges';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { myAddressQuery } from '../../../api/my-address.js';
import { isIn } from '../../../denials/refusals.js';
import { Dimmed } from '../../../ui/Dimmed.js';
import { Mono } from '../../../ui/Mono.js';
import { useAllow, type SmtpUser } from '../smtp-user.js';

interface Props {
  readonly user: SmtpUser;
  readonly openEditor: (mode: 'add', text: string) => void;
  readonly size?: 'xs' | 'sm';
}

/** Adds this browser's address with one click. For an unrestricted user it opens the editor, which explains what a first entry does. */
export function MyAddress({ user, openEditor, size = 'xs' }: Props) {
  const { data: mine } = useQuery(myAddressQuery);
  const { allow, isPending } = useAllow(user);
  const address = mine && parseAddress(mine.ip);
  if (!address?.ok) return null;
  const { restricted, entries } = user.restriction;
  const { family, text } = address.value;
  const listed = entries.find(({ live, range }) => live && isIn(range, text));
  if (listed) {
    return (
      <Dimmed size="xs">
        Your current address <Mono>{text}</Mono> is on the list
        {listed.range !== text && <>, in {listed.range}</>}.
      </Dimmed>
    );
  }
  const add = (range: string) => (restricted ? allow({ range }, `Added ${range}.`) : openEditor('add', `${range}\n`));
  const network = neighbourhood(address.value).text;
  return (
    <Group gap="xs">
      <Button
        variant="default"
        size={size}
        leftSection={<IconPlus size={14} aria-hidden />}
        loading={isPending}
        onClick={() => add(text)}
      >
        Add my current address&nbsp;<Mono>{text}</Mono>
      </Button>
      {family === 'IPv6' && (
        <Button variant="default" size={size} disabled={isPending} onClick={() => add(network)}>
          or its network&nbsp;<Mono>{network}</Mono>
        </Button>
      )}
    </Group>
  );
}

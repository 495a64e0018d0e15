import { Anchor, Button, Group } from '@mantine/core';
import { neighbourhood, parseAddress } from '@postern/ip-ranges';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { myAddressesQuery } from '../../../api/my-addresses.js';
import { isIn } from '../../../denials/refusals.js';
import { Dimmed } from '../../../ui/Dimmed.js';
import { Mono } from '../../../ui/Mono.js';
import { useAllow, type SmtpUser } from '../smtp-user.js';

interface Props {
  readonly user: SmtpUser;
  readonly openEditor: (mode: 'add', text: string) => void;
  readonly size?: 'xs' | 'sm';
}

/** Adds an address of this browser with one click. For an unrestricted user it opens the editor, which explains what a first entry does. */
export function MyAddress(props: Props) {
  const { data: addresses = [] } = useQuery(myAddressesQuery);
  const [current, other] = addresses;
  return (
    <>
      {current && <OneAddress {...props} ip={current.ip} name="current address" />}
      {other && <OneAddress {...props} ip={other.ip} name={`${other.family} address`} />}
      {current && !other && (
        <Anchor component={Link} to="/help/ip-not-authorized" hash="your-address" fz="xs">
          And {current.family === 'IPv4' ? 'IPv6' : 'IPv4'}?
        </Anchor>
      )}
    </>
  );
}

interface OneProps extends Props {
  readonly ip: string;
  readonly name: string;
}

function OneAddress({ user, openEditor, size = 'xs', ip, name }: OneProps) {
  const { allow, isPending } = useAllow(user);
  const address = parseAddress(ip);
  if (!address.ok) return null;
  const { restricted, entries } = user.restriction;
  const { family, text } = address.value;
  const listed = entries.find(({ live, range }) => live && isIn(range, text));
  if (listed) {
    return (
      <Dimmed size="xs">
        Your {name} <Mono>{text}</Mono> is on the list
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
        Add my {name}&nbsp;<Mono>{text}</Mono>
      </Button>
      {family === 'IPv6' && (
        <Button variant="default" size={size} disabled={isPending} onClick={() => add(network)}>
          or its network&nbsp;<Mono>{network}</Mono>
        </Button>
      )}
    </Group>
  );
}

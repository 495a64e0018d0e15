import { Group, Paper, Skeleton, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { myAddressesQuery } from '../../api/my-addresses.js';
import { Copy } from '../../ui/Mono.js';

const command = (flag: string) => `curl ${flag}-H 'Accept: text/plain' ${window.location.origin}/v1/my-ip`;

export function YourAddress() {
  const { data: [mine] = [], isPending } = useQuery({ ...myAddressesQuery, retry: false });
  const other = mine?.family === 'IPv4' ? { family: 'IPv6', flag: '-6 ' } : { family: 'IPv4', flag: '-4 ' };
  return (
    <Paper component="section" p="md" bg="var(--postern-side)" fz="sm" aria-label="Your address" id="your-address">
      <Text size="sm" c="dimmed" m={0}>
        You read this page from
      </Text>
      <Group gap="xs" mih={36} mb="xs" aria-live="polite">
        {isPending && <Skeleton height={24} width={180} />}
        {mine && (
          <>
            <Text span className="mono" fz="1.25rem" fw={500}>
              {mine.ip}
            </Text>
            <Copy value={mine.ip} label="Copy the address" />
            <Text span size="xs" c="dimmed">
              {mine.family}
            </Text>
          </>
        )}
        {!mine && !isPending && 'an address that could not be found out'}
      </Group>
      <details open={window.location.hash === '#your-address'}>
        <summary>Is the mail sent by another machine? Or by {other.family}?</summary>
        <Text inherit c="dimmed" my="xs">
          This is the address of your browser. A mail program on this device mostly has the same one; a server has its
          own. Run this there:
        </Text>
        <Command text={command('')} />
        <Text inherit c="dimmed" my="xs">
          A browser uses one family at a time, so your {other.family} address cannot be shown here. If this machine has
          one, and <span className="mono">{window.location.hostname}</span> can be reached by it, this shows it:
        </Text>
        <Command text={command(other.flag)} />
      </details>
    </Paper>
  );
}

function Command({ text }: { readonly text: string }) {
  return (
    <Group justify="space-between" wrap="nowrap">
      <span className="mono">{text}</span>
      <Copy value={text} label="Copy the command" />
    </Group>
  );
}

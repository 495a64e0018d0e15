import { Button, Modal, Skeleton, Stack, Table, Text } from '@mantine/core';
import { IconListCheck } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { counted } from '../../../denials/words.js';
import { Dimmed } from '../../../ui/Dimmed.js';
import { Mono } from '../../../ui/Mono.js';
import { Failed } from '../../../ui/States.js';
import type { SmtpUser } from '../smtp-user.js';
import { LoginCoverage } from './LoginCoverage.js';
import { suggestionQuery } from './queries.js';

interface Props {
  readonly user: SmtpUser;
  /** Opens the editor with these lines. Nothing is saved yet. */
  readonly use: (text: string) => void;
}

export function SuggestList({ user, use }: Props) {
  const [opened, setOpened] = useState(false);
  return (
    <>
      <Button leftSection={<IconListCheck size={16} aria-hidden />} onClick={() => setOpened(true)}>
        Suggest a list
      </Button>
      <Modal opened={opened} onClose={() => setOpened(false)} title="Suggested list" size="lg">
        {opened && (
          <Suggestion
            user={user}
            use={(text) => {
              setOpened(false);
              use(text);
            }}
          />
        )}
      </Modal>
    </>
  );
}

function Suggestion({ user, use }: Props) {
  const { data, error, refetch } = useQuery(suggestionQuery(user));
  if (error) return <Failed error={error} retry={() => void refetch()} />;
  if (!data) return <Skeleton height={160} role="status" aria-label="The list is being created" />;
  const { ranges, left, leftAddresses, leftLogins, logins } = data;
  if (ranges.length === 0)
    return (
      <Stack gap="sm">
        <Text size="sm">No login of {user.username} is known in the last 30 days, so there is nothing to suggest.</Text>
        <LoginCoverage coverage={data} />
      </Stack>
    );
  return (
    <Stack gap="sm">
      <Text size="sm">
        {counted(ranges.length, 'range')} {ranges.length === 1 ? 'covers' : 'cover'}{' '}
        {counted(logins - leftLogins, 'login')} of {logins.toLocaleString('en')} in the last 30 days.
      </Text>
      <Table.ScrollContainer minWidth={300} mah={320}>
        <Table aria-label="Suggested ranges">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Range</Table.Th>
              <Table.Th ta="end">Logins</Table.Th>
              <Table.Th>Why</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {ranges.map(({ range, share, why }) => (
              <Table.Tr key={range}>
                <Table.Td style={{ whiteSpace: 'nowrap' }}>
                  <Mono>{range}</Mono>
                </Table.Td>
                <Table.Td ta="end" className="tabular">
                  {percent(share)}
                </Table.Td>
                <Table.Td>
                  <Dimmed size="sm">{why}</Dimmed>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {leftAddresses > 0 && (
        <Text size="sm">
          Left out: {counted(leftAddresses, 'address', 'addresses')} with {counted(leftLogins, 'login')} (
          {left
            .slice(0, 3)
            .map(({ ip }) => ip)
            .join(', ')}
          {leftAddresses > 3 && ' …'}). {leftAddresses === 1 ? 'It' : 'They'} would be refused.
        </Text>
      )}
      <LoginCoverage coverage={data} />
      <Button data-autofocus onClick={() => use(ranges.map(({ range }) => range).join('\n'))}>
        Use this list …
      </Button>
    </Stack>
  );
}

/** *75 %*. A small share is not shown as 0 %. */
function percent(share: number): string {
  const rounded = Math.round(share * 100);
  return share > 0 && rounded === 0 ? 'under 1 %' : `${rounded} %`;
}

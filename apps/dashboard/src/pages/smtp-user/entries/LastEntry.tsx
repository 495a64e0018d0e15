import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { Mono } from '../../../ui/Mono.js';
import type { Entry, SmtpUser } from '../smtp-user.js';

interface Props {
  readonly user: SmtpUser;
  readonly entry: Entry | null;
  readonly close: () => void;
}

export function LastEntry({ user, entry, close }: Props) {
  return (
    <Modal opened={entry !== null} onClose={close} title="This is the last entry">
      <Stack>
        <Text size="sm">
          Without <Mono>{entry?.range ?? ''}</Mono> the list would be empty. Choose what you want for {user.username}:
        </Text>
        <Text size="sm" component="ul" pl="md" m={0}>
          <li>To let it log in from another address only, add that one first. Then remove this.</li>
          <li>To let it log in from every address, use “Clear restriction” at the end of this page.</li>
          <li>To stop its logins, change its password, or remove the SMTP user.</li>
        </Text>
        <Group justify="flex-end">
          <Button onClick={close}>Keep the entry</Button>
        </Group>
      </Stack>
    </Modal>
  );
}

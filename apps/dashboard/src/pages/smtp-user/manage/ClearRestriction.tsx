import { Button, Group, Stack, Text, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { Dimmed } from '../../../ui/Dimmed.js';
import { Confirm } from '../../../ui/Dialog.js';
import { showDone } from '../../../ui/toast.js';
import { clearRestriction, useRestrictionChange, type SmtpUser } from '../smtp-user.js';

/** Apart from the other buttons, because it lets everybody log in. */
export function ClearRestriction({ user }: { readonly user: SmtpUser }) {
  const [opened, { open, close }] = useDisclosure(false);
  const clear = useRestrictionChange(user, () => clearRestriction(user));
  return (
    <Group
      component="section"
      aria-labelledby="clear"
      justify="space-between"
      mt={48}
      pt={20}
      style={{ borderTop: '1px solid var(--postern-line)' }}
    >
      <Stack gap={2} flex={1} miw={260}>
        <Title order={2} fz="md" id="clear">
          Clear restriction
        </Title>
        <Dimmed size="sm">
          Removes all addresses from the list: anyone with the password can then log in from every address.
        </Dimmed>
      </Stack>
      <Button variant="outline" color="red" onClick={open}>
        Clear restriction …
      </Button>
      <Confirm
        opened={opened}
        onClose={close}
        title="Clear restriction"
        action="Clear restriction"
        danger
        typeToConfirm={user.username}
        pending={clear.isPending}
        error={clear.error}
        onConfirm={() =>
          clear.mutate(undefined, {
            onSuccess: () => {
              showDone('The restriction is cleared: logins are allowed from every address.');
              close();
            },
          })
        }
      >
        <Text size="sm" mb="xs">
          <strong>Anyone with the password can then log in from every address.</strong>
        </Text>
        <Text size="sm">
          {numberOf(user)} off the list, with {user.restriction.entries.length === 1 ? 'its note' : 'their notes'}. If
          only one address is missing, add it instead.
        </Text>
      </Confirm>
    </Group>
  );
}

function numberOf({ restriction: { entries } }: SmtpUser): string {
  return entries.length === 1
    ? 'The one entry is taken'
    : `All ${entries.length.toLocaleString('en')} entries are taken`;
}

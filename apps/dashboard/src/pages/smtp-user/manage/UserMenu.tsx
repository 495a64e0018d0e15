import { ActionIcon, Menu, Modal, Text, TextInput } from '@mantine/core';
import { IconDots, IconPencil, IconTrash } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { Confirm, DialogForm } from '../../../ui/Dialog.js';
import { showDone } from '../../../ui/toast.js';
import { removeSmtpUser, renameSmtpUser, smtpUserQuery, type SmtpUser } from '../smtp-user.js';

export function UserMenu({ user }: { readonly user: SmtpUser }) {
  const [open, setOpen] = useState<'rename' | 'remove' | null>(null);
  const close = () => setOpen(null);
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="default" size={34} aria-label="Rename or remove this SMTP user">
            <IconDots size={16} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconPencil size={16} aria-hidden />} onClick={() => setOpen('rename')}>
            Rename …
          </Menu.Item>
          <Menu.Item
            c="var(--postern-refused-text)"
            leftSection={<IconTrash size={16} aria-hidden />}
            onClick={() => setOpen('remove')}
          >
            Remove this SMTP user …
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Modal opened={open === 'rename'} onClose={close} title="Rename this SMTP user">
        <Rename user={user} close={close} />
      </Modal>
      <Remove user={user} opened={open === 'remove'} close={close} />
    </>
  );
}

function Rename({ user, close }: { readonly user: SmtpUser; readonly close: () => void }) {
  const [username, setUsername] = useState(user.username);
  const client = useQueryClient();
  const rename = useMutation({
    mutationFn: () => renameSmtpUser(user, username.trim()),
    onSuccess: (renamed) => {
      client.setQueryData(smtpUserQuery(user.tenantId, user.id).queryKey, renamed);
      void client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'smtp-user' });
      showDone(`Renamed to ${renamed.username}.`);
      close();
    },
  });
  return (
    <DialogForm
      onClose={close}
      action="Rename"
      onConfirm={() => rename.mutate()}
      disabled={['', user.username].includes(username.trim())}
      pending={rename.isPending}
      error={rename.error}
    >
      <Text size="sm">
        Logins with the username <span className="mono">{user.username}</span> are deferred afterwards. Its list, its
        denials and its history stay.
      </Text>
      <TextInput
        label="New username"
        value={username}
        onChange={({ currentTarget }) => setUsername(currentTarget.value)}
        maxLength={254}
        autoComplete="off"
        spellCheck={false}
        data-autofocus
      />
    </DialogForm>
  );
}

function Remove({
  user,
  opened,
  close,
}: {
  readonly user: SmtpUser;
  readonly opened: boolean;
  readonly close: () => void;
}) {
  const navigate = useNavigate();
  const client = useQueryClient();
  const { tenantId } = user;
  const remove = useMutation({
    mutationFn: () => removeSmtpUser(user),
    onSuccess: async () => {
      await navigate({ to: '/t/$tenantId/smtp-users', params: { tenantId } });
      client.removeQueries({ queryKey: smtpUserQuery(tenantId, user.id).queryKey });
      await client.invalidateQueries();
      showDone(`Removed ${user.username}.`);
    },
  });
  return (
    <Confirm
      opened={opened}
      onClose={close}
      title="Remove this SMTP user"
      action="Remove"
      danger
      typeToConfirm={user.username}
      pending={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate()}
    >
      <Text size="sm">
        Relays no longer know the username: its logins are deferred (454) until it is registered again, and its list of
        addresses is gone. What happened until now stays in the audit.
      </Text>
    </Confirm>
  );
}

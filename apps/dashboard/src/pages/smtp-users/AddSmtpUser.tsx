import { Modal, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { ApiProblem } from '../../api/client.js';
import { DialogForm } from '../../ui/Dialog.js';
import { registerSmtpUser } from './queries.js';
import { smtpUserQuery } from '../smtp-user/smtp-user.js';

interface Props {
  readonly tenantId: string;
  readonly opened: boolean;
  readonly close: () => void;
}

export function AddSmtpUser({ tenantId, opened, close }: Props) {
  return (
    <Modal opened={opened} onClose={close} title="Add SMTP user">
      <Fields tenantId={tenantId} close={close} />
    </Modal>
  );
}

function Fields({ tenantId, close }: Omit<Props, 'opened'>) {
  const [username, setUsername] = useState('');
  const client = useQueryClient();
  const navigate = useNavigate();
  const register = useMutation({
    mutationFn: () => registerSmtpUser(tenantId, username.trim()),
    onSuccess: async (user) => {
      // So that its page shows it before the read side has it.
      client.setQueryData(smtpUserQuery(tenantId, user.id).queryKey, user);
      await navigate({ to: '/t/$tenantId/smtp-users/$smtpUserId', params: { tenantId, smtpUserId: user.id } });
      void client.invalidateQueries({ predicate: ({ queryKey }) => String(queryKey[0]).startsWith('smtp-users') });
    },
  });
  const { error } = register;
  const reason = error instanceof ApiProblem ? (error.problem.errors?.[0]?.detail ?? error.problem.detail) : null;
  return (
    <DialogForm
      onClose={close}
      action="Add SMTP user"
      onConfirm={() => register.mutate()}
      disabled={username.trim() === ''}
      pending={register.isPending}
      error={reason === null ? error : null}
    >
      <TextInput
        label="Username"
        description="As programs send it when they log in. Without a restriction, it may log in from every address."
        placeholder="app@acme.example"
        value={username}
        onChange={({ currentTarget }) => {
          register.reset();
          setUsername(currentTarget.value);
        }}
        error={reason}
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
        data-autofocus
      />
    </DialogForm>
  );
}

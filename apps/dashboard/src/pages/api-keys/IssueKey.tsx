import { Button, Group, Paper, Radio, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, take, type Schema } from '../../api/client.js';
import { DialogForm } from '../../ui/Dialog.js';
import { Copy, Mono } from '../../ui/Mono.js';
import { ROLES } from './roles.js';

const OF_A_TENANT = ['admin', 'auditor'] as const;
const OF_NO_TENANT = ['relay', 'operator'] as const;

interface Props {
  readonly tenantId: string | null;
  readonly onClose: () => void;
}

export function IssueKey({ tenantId, onClose }: Props) {
  const roles = tenantId === null ? OF_NO_TENANT : OF_A_TENANT;
  const [role, setRole] = useState<(typeof OF_A_TENANT | typeof OF_NO_TENANT)[number]>(roles[0]);
  const [name, setName] = useState('');
  const queries = useQueryClient();
  const issue = useMutation({
    mutationFn: (): Promise<Schema<'IssuedApiKey'>> =>
      tenantId === null
        ? take(api.POST('/v1/api-keys', { body: { role: role as 'relay' | 'operator', name: name.trim() } }))
        : take(
            api.POST('/v1/tenants/{tenantId}/api-keys', {
              params: { path: { tenantId } },
              body: { role: role as 'admin' | 'auditor', name: name.trim() },
            }),
          ),
    onSuccess: () => void queries.invalidateQueries({ queryKey: ['api-keys', tenantId] }),
  });
  if (issue.data) return <Issued issued={issue.data} onClose={onClose} />;
  return (
    <DialogForm
      onClose={onClose}
      action="Issue key"
      onConfirm={() => issue.mutate()}
      disabled={name.trim() === ''}
      pending={issue.isPending}
      error={issue.error}
    >
      <TextInput
        label="Name"
        description="Who or what uses it. It is shown with every change that the key makes."
        placeholder={tenantId === null ? 'mx1.example' : 'ci'}
        required
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        autoComplete="off"
        data-autofocus
      />
      <Radio.Group label="Role" value={role} onChange={(value) => setRole(value as typeof role)}>
        <Stack gap="sm" mt="xs">
          {roles.map((each) => (
            <Radio key={each} value={each} label={ROLES[each].label} description={ROLES[each].may} />
          ))}
        </Stack>
      </Radio.Group>
    </DialogForm>
  );
}

function Issued({ issued, onClose }: { readonly issued: Schema<'IssuedApiKey'>; readonly onClose: () => void }) {
  return (
    <Stack gap="md">
      <Text size="sm" role="status">
        The key {issued.name} is issued. Copy its text now: it is shown only once, and Postern does not store it.
      </Text>
      <Paper p="xs">
        <Group justify="space-between" wrap="nowrap">
          <Mono>{issued.key}</Mono>
          <Copy value={issued.key} label="Copy the key" />
        </Group>
      </Paper>
      <Group justify="flex-end">
        <Button onClick={onClose}>Done, I have copied it</Button>
      </Group>
    </Stack>
  );
}

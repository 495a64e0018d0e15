import { Button, Modal, TextInput } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { api, take, type Schema } from '../../api/client.js';
import { ListTable, type Column } from '../../ui/DataTable.js';
import { DialogForm } from '../../ui/Dialog.js';
import { FirstSteps } from '../../ui/FirstSteps.js';
import { Mono } from '../../ui/Mono.js';
import { Page } from '../../ui/Page.js';
import { Time } from '../../ui/Time.js';
import { showDone } from '../../ui/toast.js';
import { tenantsQuery } from './tenants-query.js';

type Tenant = Schema<'Tenant'>;

export function Tenants() {
  const [creating, setCreating] = useState(false);
  const query = useInfiniteQuery(tenantsQuery);
  const create = (
    <Button leftSection={<IconPlus size={16} stroke={1.75} aria-hidden />} onClick={() => setCreating(true)}>
      Create tenant
    </Button>
  );
  return (
    <Page
      title="Tenants"
      description="The customers’ accounts. Each has its own SMTP users and API keys, and cannot see the others."
      actions={create}
    >
      <ListTable
        label="Tenants"
        columns={COLUMNS}
        query={query}
        rowKey={({ id }) => id}
        link={({ id }) => ({ to: '/t/$tenantId/smtp-users', params: { tenantId: id }, search: {} })}
        empty={<FirstTenant create={create} />}
      />
      <Modal opened={creating} onClose={() => setCreating(false)} title="Create tenant">
        <CreateTenant onClose={() => setCreating(false)} />
      </Modal>
    </Page>
  );
}

function CreateTenant({ onClose }: { readonly onClose: () => void }) {
  const [name, setName] = useState('');
  const [id, setId] = useState('');
  const queries = useQueryClient();
  const navigate = useNavigate();
  const create = useMutation({
    mutationFn: () =>
      take(api.POST('/v1/tenants', { body: { name: name.trim(), ...(id.trim() !== '' && { id: id.trim() }) } })),
    onSuccess: async (tenant) => {
      await queries.invalidateQueries({ queryKey: ['tenants'] });
      onClose();
      showDone(`${tenant.name} is created. Issue an admin key for it next.`);
      void navigate({ to: '/t/$tenantId/api-keys', params: { tenantId: tenant.id } });
    },
  });
  return (
    <DialogForm
      onClose={onClose}
      action="Create tenant"
      onConfirm={() => create.mutate()}
      disabled={name.trim() === ''}
      pending={create.isPending}
      error={create.error}
    >
      <TextInput
        label="Name"
        placeholder="Acme Ltd"
        required
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        data-autofocus
      />
      <TextInput
        label="Id"
        description="It is in every URL of its API, and cannot be changed. Leave it empty to get a new one."
        placeholder="acme"
        className="mono"
        pattern="[a-z0-9][a-z0-9\-]{0,62}"
        title="1 to 63 characters of a–z, 0–9 and -; the first is not -"
        value={id}
        onChange={(event) => setId(event.currentTarget.value)}
        spellCheck={false}
        autoComplete="off"
      />
    </DialogForm>
  );
}

/** For an operator of a new Postern. `create` is the button that adds a tenant. */
function FirstTenant({ create }: { readonly create: ReactNode }) {
  return (
    <FirstSteps
      title="Three steps until the first login is checked"
      steps={[
        {
          title: 'Add a tenant',
          text: 'A tenant is a customer’s account. It owns SMTP users, and cannot see other tenants. Create one for your own mail, too.',
          action: create,
        },
        {
          title: 'Give it an admin key',
          text: 'Choose the tenant, then API keys. With this key its people sign in here and change their lists. You can read the lists, but not change them.',
        },
        {
          title: 'Connect a mail relay',
          text: (
            <>
              Issue a relay key under <Link to="/operator/api-keys">Operator keys</Link>, and start the relay agent with
              it next to your mail server. It then appears under <Link to="/operator/relays">Relays</Link>.
            </>
          ),
        },
      ]}
    >
      Postern is new here: it has no tenant yet.
    </FirstSteps>
  );
}

const COLUMNS: readonly Column<Tenant>[] = [
  { id: 'name', header: 'Name', phone: 'title', cell: ({ name }) => name },
  { id: 'id', header: 'Id', width: '36%', phone: 'detail', cell: ({ id }) => <Mono>{id}</Mono> },
  {
    id: 'created',
    header: 'Created',
    width: 160,
    phone: 'detail-aside',
    named: true,
    cell: ({ createdAt }) => <Time at={createdAt} />,
  },
];

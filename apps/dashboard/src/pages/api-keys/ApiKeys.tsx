import { Button, Modal, Text } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { api, take } from '../../api/client.js';
import { listQuery } from '../../api/list-query.js';
import { whoAmI } from '../../api/session.js';
import { Dimmed } from '../../ui/Dimmed.js';
import { Confirm } from '../../ui/Dialog.js';
import { ListTable, type Column } from '../../ui/DataTable.js';
import { Mono } from '../../ui/Mono.js';
import { Page } from '../../ui/Page.js';
import { Empty } from '../../ui/States.js';
import { Time } from '../../ui/Time.js';
import { showDone } from '../../ui/toast.js';
import { IssueKey } from './IssueKey.js';
import { ROLES, type ApiKey } from './roles.js';

const PAGE = 100;

const keysQuery = (tenantId: string | null) =>
  listQuery(['api-keys', tenantId], PAGE, (query, signal) =>
    take(
      tenantId === null
        ? api.GET('/v1/api-keys', { params: { query }, signal })
        : api.GET('/v1/tenants/{tenantId}/api-keys', { params: { path: { tenantId }, query }, signal }),
    ),
  );

export function OperatorApiKeys() {
  return <ApiKeys tenantId={null} />;
}

export function TenantApiKeys() {
  const { tenantId } = useParams({ from: '/signed-in/t/$tenantId/api-keys' });
  const { data: me } = useQuery(whoAmI);
  if (me?.role !== 'auditor') return <ApiKeys tenantId={tenantId} />;
  return (
    <Page title="API keys">
      <Empty title="API keys are for admins">
        You are signed in with an auditor’s key. An admin of {tenantId} sees, issues and revokes its keys.
      </Empty>
    </Page>
  );
}

/** The keys of a tenant; with null those of operators and relays. */
function ApiKeys({ tenantId }: { readonly tenantId: string | null }) {
  const [issuing, setIssuing] = useState(false);
  const [revoking, setRevoking] = useState<ApiKey | null>(null);
  const { data: me } = useQuery(whoAmI);
  const query = useInfiniteQuery(keysQuery(tenantId));
  const columns = useMemo(() => columnsOf(setRevoking, me?.keyId), [me?.keyId]);
  const issue = (
    <Button leftSection={<IconPlus size={16} stroke={1.75} aria-hidden />} onClick={() => setIssuing(true)}>
      Issue key
    </Button>
  );
  return (
    <Page
      title={tenantId === null ? 'Operator keys' : 'API keys'}
      description={
        tenantId === null
          ? 'Keys of operators and of mail relays. The text of a key is shown only once.'
          : `Keys that may read or change ${tenantId}. The text of a key is shown only once.`
      }
      actions={issue}
    >
      <ListTable
        label="API keys"
        columns={columns}
        query={query}
        rowKey={({ id }) => id}
        empty={
          <Empty title="No API keys yet" action={issue}>
            Issue an admin key for the people who manage the SMTP users of this tenant.
          </Empty>
        }
      />
      <Modal opened={issuing} onClose={() => setIssuing(false)} title="Issue key" closeOnClickOutside={false}>
        <IssueKey tenantId={tenantId} onClose={() => setIssuing(false)} />
      </Modal>
      {revoking && <Revoke apiKey={revoking} tenantId={tenantId} onClose={() => setRevoking(null)} />}
    </Page>
  );
}

interface RevokeProps {
  readonly apiKey: ApiKey;
  readonly tenantId: string | null;
  readonly onClose: () => void;
}

function Revoke({ apiKey: { id: keyId, name, role }, tenantId, onClose }: RevokeProps) {
  const queries = useQueryClient();
  const revoke = useMutation({
    mutationFn: () =>
      take<unknown>(
        tenantId === null
          ? api.DELETE('/v1/api-keys/{keyId}', { params: { path: { keyId } } })
          : api.DELETE('/v1/tenants/{tenantId}/api-keys/{keyId}', { params: { path: { tenantId, keyId } } }),
      ),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['api-keys', tenantId] });
      onClose();
      showDone(`The key ${name} is revoked.`);
    },
  });
  return (
    <Confirm
      opened
      onClose={onClose}
      title={`Revoke the key ${name}`}
      action="Revoke key"
      danger
      onConfirm={() => revoke.mutate()}
      pending={revoke.isPending}
      error={revoke.error}
    >
      The text of this key begins with <Mono>{`pst_${role}_${keyId}_`}</Mono>. {ROLES[role].stops} This takes effect
      within a second, and cannot be undone.
    </Confirm>
  );
}

const columnsOf = (onRevoke: (key: ApiKey) => void, own: string | undefined): readonly Column<ApiKey>[] => [
  {
    id: 'name',
    header: 'Name',
    phone: 'title',
    cell: ({ name, id, revokedAt }) => (
      <Text span inherit {...(revokedAt !== null && { c: 'dimmed' })}>
        {name}
        {id === own && <Dimmed> · this session</Dimmed>}
      </Text>
    ),
  },
  {
    id: 'id',
    header: 'Id',
    width: 140,
    from: 'lg',
    cell: ({ id }) => (
      <Text span inherit c="dimmed" title={id}>
        <Mono>{`…${id.slice(-12)}`}</Mono>
      </Text>
    ),
  },
  { id: 'role', header: 'Role', width: 110, phone: 'detail', cell: ({ role }) => ROLES[role].label },
  { id: 'created', header: 'Created', width: 150, from: 'md', cell: ({ createdAt }) => <Time at={createdAt} /> },
  {
    id: 'used',
    header: 'Last used',
    width: 150,
    phone: 'detail-aside',
    named: true,
    cell: ({ lastUsedAt }) => (lastUsedAt === null ? <Dimmed>never</Dimmed> : <Time at={lastUsedAt} />),
  },
  {
    id: 'revoke',
    header: '',
    width: 150,
    align: 'end',
    phone: 'aside',
    cell: (key) =>
      key.revokedAt === null ? (
        <Button
          size="compact-sm"
          variant="default"
          aria-label={`Revoke the key ${key.name}`}
          onClick={() => onRevoke(key)}
        >
          Revoke
        </Button>
      ) : (
        <Dimmed>
          revoked <Time at={key.revokedAt} />
        </Dimmed>
      ),
  },
];

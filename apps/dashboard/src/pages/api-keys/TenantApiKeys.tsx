import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { whoAmI } from '../../api/session.js';
import { Page } from '../../ui/Page.js';
import { Empty } from '../../ui/States.js';
import { ApiKeys } from './ApiKeys.js';

export function TenantApiKeys() {
  const { tenantId } = useParams({ from: '/signed-in/t/$tenantId/api-keys' });
  const { data: me } = useQuery(whoAmI);
  if (me?.role === 'auditor')
    return (
      <Page title="API keys">
        <Empty title="API keys are for admins">
          You are signed in with an auditor’s key. An admin of {tenantId} sees, issues and revokes its keys.
        </Empty>
      </Page>
    );
  return <ApiKeys tenantId={tenantId} />;
}

import { Page } from '../../ui/Page.js';

export function TenantApiKeys() {
  return <Page title="API keys">{null}</Page>;
}

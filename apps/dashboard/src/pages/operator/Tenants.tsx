import { Page } from '../../ui/Page.js';

export function Tenants() {
  return <Page title="Tenants">{null}</Page>;
}

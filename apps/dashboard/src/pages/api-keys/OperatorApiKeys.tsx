import { Page } from '../../ui/Page.js';

export function OperatorApiKeys() {
  return <Page title="Operator keys">{null}</Page>;
}

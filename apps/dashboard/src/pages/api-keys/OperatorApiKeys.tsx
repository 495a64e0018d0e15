import { ApiKeys } from './ApiKeys.js';

export function OperatorApiKeys() {
  return <ApiKeys tenantId={null} />;
}

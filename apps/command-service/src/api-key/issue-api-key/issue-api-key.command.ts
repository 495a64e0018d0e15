import { Command } from '@nestjs/cqrs';
import type { Role, TenantId } from '@postern/contracts';
import type { RequestContext } from '@postern/http';
import type { ApiKey } from '../api-keys.js';

/** A new key with its text, which is shown this once. */
export type IssuedApiKey = Pick<ApiKey, 'id' | 'role' | 'name' | 'createdAt'> & { readonly key: string };

/** Makes an API key; `tenantId` is null for the roles operator and relay, and for them alone. */
export class IssueApiKey extends Command<IssuedApiKey> {
  constructor(
    readonly tenantId: TenantId | null,
    readonly role: Role,
    readonly name: string,
    readonly context: RequestContext,
  ) {
    super();
  }
}

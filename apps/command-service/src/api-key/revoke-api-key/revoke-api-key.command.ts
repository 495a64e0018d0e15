import { Command } from '@nestjs/cqrs';
import type { TenantId } from '@postern/contracts';
import type { RequestContext } from '@postern/http';

/** Ends a key of a tenant, or with null one that belongs to no tenant. A key that is revoked already stays so. */
export class RevokeApiKey extends Command<void> {
  constructor(
    readonly tenantId: TenantId | null,
    readonly keyId: string,
    readonly context: RequestContext,
  ) {
    super();
  }
}

import { Query } from '@nestjs/cqrs';
import type { TenantId } from '@postern/contracts';
import type { Page, PageRequest } from '@postern/lists';
import type { ApiKey } from '../api-keys.js';

/** A page of a tenant's keys, or with null of those that belong to no tenant; newest first, the revoked ones too. */
export class ListApiKeys extends Query<Page<ApiKey>> {
  constructor(
    readonly tenantId: TenantId | null,
    readonly page: PageRequest,
  ) {
    super();
  }
}

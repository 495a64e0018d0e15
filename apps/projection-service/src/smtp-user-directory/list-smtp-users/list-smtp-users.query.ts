import { Query } from '@nestjs/cqrs';
import type { TenantId, Page } from '@postern/contracts';
import type { SmtpUser } from '@postern/restrictions';
import type { PageRequest } from '@postern/lists';

/** SMTP users of a tenant, the newest first. */
export class ListSmtpUsers extends Query<Page<SmtpUser>> {
  constructor(
    readonly tenantId: TenantId,
    /** A part of the username, in any case; null for all. */
    readonly part: string | null,
    readonly page: PageRequest,
  ) {
    super();
  }
}

import { Query } from '@nestjs/cqrs';
import type { TenantId } from '@postern/contracts';
import type { SmtpUser } from '@postern/restrictions';
import type { ListPosition } from './list-cursor.js';

export interface SmtpUserPage {
  readonly items: readonly SmtpUser[];
  /** For `?cursor=`; null at the end. */
  readonly nextCursor: string | null;
}

/** SMTP users of a tenant, the newest first. */
export class ListSmtpUsers extends Query<SmtpUserPage> {
  constructor(
    readonly tenantId: TenantId,
    /** A part of the username, in any case; null for all. */
    readonly part: string | null,
    readonly limit: number,
    readonly after: ListPosition | null,
  ) {
    super();
  }
}

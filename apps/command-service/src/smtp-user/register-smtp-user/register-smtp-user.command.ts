import { Command } from '@nestjs/cqrs';
import type { TenantId } from '@postern/contracts';
import type { SmtpUser } from '@postern/restrictions';
import type { RequestContext } from '@postern/http';

/** Makes an SMTP user, unrestricted, under a username that nobody holds. */
export class RegisterSmtpUser extends Command<SmtpUser> {
  constructor(
    readonly tenantId: TenantId,
    readonly username: string,
    readonly context: RequestContext,
  ) {
    super();
  }
}

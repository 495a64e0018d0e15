import { Command } from '@nestjs/cqrs';
import type { SmtpUser } from '@postern/restrictions';
import type { RequestContext } from '@postern/http';
import type { ExpectedVersions } from '../../http/if-match.js';
import type { SmtpUserRef } from '../smtp-user-states.js';

/** Gives an SMTP user another username, or shows the same one in another case; its restriction stays. */
export class RenameSmtpUser extends Command<SmtpUser> {
  constructor(
    readonly user: SmtpUserRef,
    readonly username: string,
    readonly expected: ExpectedVersions,
    readonly context: RequestContext,
  ) {
    super();
  }
}

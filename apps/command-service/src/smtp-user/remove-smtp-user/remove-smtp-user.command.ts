import { Command } from '@nestjs/cqrs';
import type { RequestContext } from '@postern/http';
import type { ExpectedVersions } from '../../http/if-match.js';
import type { SmtpUserRef } from '../smtp-user-states.js';

/** The version of the removal: its last one. */
export interface RemovedSmtpUser {
  readonly version: number;
}

/** Removes an SMTP user: its username is unknown to relays again, and free. */
export class RemoveSmtpUser extends Command<RemovedSmtpUser> {
  constructor(
    readonly user: SmtpUserRef,
    readonly expected: ExpectedVersions,
    readonly context: RequestContext,
  ) {
    super();
  }
}

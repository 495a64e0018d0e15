import { Command } from '@nestjs/cqrs';
import type { Restriction } from '@postern/restrictions';
import type { RequestContext } from '@postern/http';
import type { ExpectedVersions } from '../http/if-match.js';
import type { SmtpUserRef } from '../smtp-user/smtp-user-states.js';

/** Whose restriction is to be changed, by whom, and which version of it the caller has seen. */
export interface RestrictionTarget {
  readonly user: SmtpUserRef;
  readonly expected: ExpectedVersions;
  readonly context: RequestContext;
}

/** What all commands on a restriction have; they result in the restriction that comes of them. */
export abstract class RestrictionCommand extends Command<Restriction> {
  constructor(readonly target: RestrictionTarget) {
    super();
  }

  get context(): RequestContext {
    return this.target.context;
  }
}

import { Controller, Delete, Inject, Res } from '@nestjs/common';
import type { Restriction } from '@postern/restrictions';
import { Allow, Context, type RequestContext } from '@postern/http';
import type { FastifyReply } from 'fastify';
import { Dispatcher } from '../../dispatch/dispatcher.js';
import { IfMatch, type ExpectedVersions } from '../../http/if-match.js';
import { tagVersion } from '../../http/version-tag.js';
import { SmtpUserParam } from '../../smtp-user/smtp-user-param.js';
import type { SmtpUserRef } from '../../smtp-user/smtp-user-states.js';
import { RestrictionWrite } from '../restriction-write.js';
import { ClearRestriction } from './clear-restriction.command.js';

@Controller('v1/tenants/:tenantId/smtp-users/:smtpUserId/restriction')
@Allow('admin')
export class ClearRestrictionController {
  constructor(@Inject(Dispatcher) private readonly dispatcher: Dispatcher) {}

  @Delete()
  @RestrictionWrite('Clear it: logins may come from anywhere again')
  async clear(
    @SmtpUserParam() user: SmtpUserRef,
    @IfMatch() expected: ExpectedVersions,
    @Context() context: RequestContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Restriction> {
    return tagVersion(reply, await this.dispatcher.execute(new ClearRestriction({ user, expected, context })));
  }
}

import { Controller, Delete, HttpCode, Inject, Res } from '@nestjs/common';
import { Allow, Context, Documented, type RequestContext } from '@postern/http';
import type { FastifyReply } from 'fastify';
import { Dispatcher } from '../../dispatch/dispatcher.js';
import { IfMatch, type ExpectedVersions } from '../../http/if-match.js';
import { tellVersion } from '../../http/version-tag.js';
import { SmtpUserParam } from '../smtp-user-param.js';
import type { SmtpUserRef } from '../smtp-user-states.js';
import { RemoveSmtpUser } from './remove-smtp-user.command.js';

@Controller('v1/tenants/:tenantId/smtp-users/:smtpUserId')
@Allow('admin')
export class RemoveSmtpUserController {
  constructor(@Inject(Dispatcher) private readonly dispatcher: Dispatcher) {}

  @Delete()
  @HttpCode(204)
  @Documented({
    tag: 'SMTP users',
    summary: 'Remove an SMTP user; its history stays',
    takes: ['Idempotency-Key', 'If-Match'],
    status: 204,
    tells: ['Postern-Version', 'Idempotency-Replayed'],
  })
  async remove(
    @SmtpUserParam() user: SmtpUserRef,
    @IfMatch() expected: ExpectedVersions,
    @Context() context: RequestContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    tellVersion(reply, await this.dispatcher.execute(new RemoveSmtpUser(user, expected, context)));
  }
}

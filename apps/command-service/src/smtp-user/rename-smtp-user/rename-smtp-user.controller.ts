import { Body, Controller, Inject, Patch, Res } from '@nestjs/common';
import type { SmtpUser } from '@postern/restrictions';
import { Allow, Context, Documented, json, smtpUserView, type RequestContext } from '@postern/http';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Dispatcher } from '../../dispatch/dispatcher.js';
import { IfMatch, type ExpectedVersions } from '../../http/if-match.js';
import { tagVersion } from '../../http/version-tag.js';
import { SmtpUserParam } from '../smtp-user-param.js';
import type { SmtpUserRef } from '../smtp-user-states.js';
import { usernameSchema } from '../username-schema.js';
import { RenameSmtpUser } from './rename-smtp-user.command.js';

const RenameBody = z.strictObject({ username: usernameSchema });

@Controller('v1/tenants/:tenantId/smtp-users/:smtpUserId')
@Allow('admin')
export class RenameSmtpUserController {
  constructor(@Inject(Dispatcher) private readonly dispatcher: Dispatcher) {}

  @Patch()
  @Documented({
    tag: 'SMTP users',
    summary: 'Rename an SMTP user',
    takes: ['Idempotency-Key', 'If-Match'],
    answer: json(smtpUserView),
    tells: ['ETag', 'Postern-Version', 'Idempotency-Replayed'],
    problems: ['username-taken'],
  })
  async rename(
    @SmtpUserParam() user: SmtpUserRef,
    @Body({ schema: RenameBody }) body: z.infer<typeof RenameBody>,
    @IfMatch() expected: ExpectedVersions,
    @Context() context: RequestContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SmtpUser> {
    const command = new RenameSmtpUser(user, body.username, expected, context);
    const renamed = await this.dispatcher.execute(command);
    tagVersion(reply, renamed.restriction);
    return renamed;
  }
}

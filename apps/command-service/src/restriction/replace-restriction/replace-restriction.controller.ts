import { Body, Controller, Inject, Put, Res } from '@nestjs/common';
import type { Restriction } from '@postern/restrictions';
import { Allow, Context, LongBody, type RequestContext, SERVER_LIMITS } from '@postern/http';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Dispatcher } from '../../dispatch/dispatcher.js';
import { IfMatch, type ExpectedVersions } from '../../http/if-match.js';
import { tagVersion } from '../../http/version-tag.js';
import { SmtpUserParam } from '../../smtp-user/smtp-user-param.js';
import type { SmtpUserRef } from '../../smtp-user/smtp-user-states.js';
import { entriesSchema } from '../entries-schema.js';
import { modeSchema } from '../mode-schema.js';
import { RestrictionWrite } from '../restriction-write.js';
import { ReplaceRestriction } from './replace-restriction.command.js';

const ReplaceBody = z.strictObject({ entries: entriesSchema, mode: modeSchema.optional() });

@Controller('v1/tenants/:tenantId/smtp-users/:smtpUserId/restriction')
@Allow('admin')
export class ReplaceRestrictionController {
  constructor(@Inject(Dispatcher) private readonly dispatcher: Dispatcher) {}

  @Put()
  @LongBody(SERVER_LIMITS.bodyBytes)
  @RestrictionWrite('Replace all entries in one save', {
    problems: ['restriction-empty', 'if-match-required'],
    needs: ['If-Match'],
  })
  async replace(
    @SmtpUserParam() user: SmtpUserRef,
    @Body({ schema: ReplaceBody }) body: z.infer<typeof ReplaceBody>,
    @IfMatch('required') expected: ExpectedVersions,
    @Context() context: RequestContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Restriction> {
    const command = new ReplaceRestriction({ user, expected, context }, body.entries, body.mode);
    return tagVersion(reply, await this.dispatcher.execute(command));
  }
}

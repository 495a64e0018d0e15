import { Body, Controller, Inject, Put, Res } from '@nestjs/common';
import type { Restriction } from '@postern/restrictions';
import { Allow, Context, type RequestContext } from '@postern/http';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Dispatcher } from '../../dispatch/dispatcher.js';
import { IfMatch, type ExpectedVersions } from '../../http/if-match.js';
import { tagVersion } from '../../http/version-tag.js';
import { SmtpUserParam } from '../../smtp-user/smtp-user-param.js';
import type { SmtpUserRef } from '../../smtp-user/smtp-user-states.js';
import { modeSchema } from '../mode-schema.js';
import { RestrictionWrite } from '../restriction-write.js';
import { ChangeMode } from './change-mode.command.js';

const ModeBody = z.strictObject({ mode: modeSchema });

@Controller('v1/tenants/:tenantId/smtp-users/:smtpUserId/restriction/mode')
@Allow('admin')
export class ChangeModeController {
  constructor(@Inject(Dispatcher) private readonly dispatcher: Dispatcher) {}

  @Put()
  @RestrictionWrite('Change the mode')
  async change(
    @SmtpUserParam() user: SmtpUserRef,
    @Body({ schema: ModeBody }) body: z.infer<typeof ModeBody>,
    @IfMatch() expected: ExpectedVersions,
    @Context() context: RequestContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Restriction> {
    return tagVersion(reply, await this.dispatcher.execute(new ChangeMode({ user, expected, context }, body.mode)));
  }
}

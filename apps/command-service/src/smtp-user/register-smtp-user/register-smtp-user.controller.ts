import { Body, Controller, Inject, Post, Res } from '@nestjs/common';
import type { TenantId } from '@postern/contracts';
import type { SmtpUser } from '@postern/restrictions';
import { Allow, Context, Documented, json, smtpUserView, Tenant, type RequestContext } from '@postern/http';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Dispatcher } from '../../dispatch/dispatcher.js';
import { tagVersion } from '../../http/version-tag.js';
import { usernameSchema } from '../username-schema.js';
import { RegisterSmtpUser } from './register-smtp-user.command.js';

const RegisterBody = z.strictObject({ username: usernameSchema });

@Controller('v1/tenants/:tenantId/smtp-users')
@Allow('admin')
export class RegisterSmtpUserController {
  constructor(@Inject(Dispatcher) private readonly dispatcher: Dispatcher) {}

  @Post()
  @Documented({
    tag: 'SMTP users',
    summary: 'Register an SMTP user',
    takes: ['Idempotency-Key'],
    status: 201,
    answer: json(smtpUserView),
    tells: ['ETag', 'Postern-Version', 'Idempotency-Replayed'],
    problems: ['username-taken'],
  })
  async register(
    @Tenant() tenantId: TenantId,
    @Body({ schema: RegisterBody }) body: z.infer<typeof RegisterBody>,
    @Context() context: RequestContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SmtpUser> {
    const user = await this.dispatcher.execute(new RegisterSmtpUser(tenantId, body.username, context));
    tagVersion(reply, user.restriction);
    return user;
  }
}

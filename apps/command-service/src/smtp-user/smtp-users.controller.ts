import { Body, Controller, Delete, Inject, Patch, Post } from '@nestjs/common';
import { newId, type SmtpUserId, type TenantId } from '@postern/contracts';
import { smtpUserView as shownUser, type SmtpUser } from '@postern/restrictions';
import { Allow, json, smtpUserView, Tenant } from '@postern/http';
import { z } from 'zod';
import { Context, type WriteRequest } from '../write/request-context.js';
import { Write, Writes } from '../write/writes.js';
import { ChangeSmtpUser } from './change-smtp-user.js';
import { TargetOf, type Target } from './target.js';

const username = z.string().meta({ minLength: 1, maxLength: 254, pattern: '^[!-~]+$', examples: ['app@acme.example'] });
const UsernameBody = z.strictObject({ username });

@Controller('v1/tenants/:tenantId/smtp-users')
@Allow('admin')
export class SmtpUsersController {
  constructor(@Inject(Writes) private readonly writes: Writes) {}

  @Post()
  @Write({
    tag: 'SMTP users',
    summary: 'Register an SMTP user',
    status: 201,
    answer: json(smtpUserView),
    responseHeaders: ['ETag', 'Postern-Version'],
    problems: ['username-taken'],
  })
  registerSmtpUser(
    @Tenant() tenantId: TenantId,
    @Body({ schema: UsernameBody }) { username }: z.infer<typeof UsernameBody>,
    @Context() context: WriteRequest,
  ): Promise<SmtpUser> {
    const user = { tenantId, smtpUserId: newId<SmtpUserId>() };
    const register = { type: 'RegisterSmtpUser', ...user, username } as const;
    return this.writes.carryOut(
      context,
      new ChangeSmtpUser({ user, context, expected: null, guard: null }, register, shownUser),
    );
  }

  @Patch(':smtpUserId')
  @Write({
    tag: 'SMTP users',
    summary: 'Rename an SMTP user',
    takes: ['If-Match'],
    answer: json(smtpUserView),
    responseHeaders: ['ETag', 'Postern-Version'],
    problems: ['username-taken'],
  })
  renameSmtpUser(
    @TargetOf() target: Target,
    @Body({ schema: UsernameBody }) { username }: z.infer<typeof UsernameBody>,
  ): Promise<SmtpUser> {
    return this.writes.carryOut(
      target.context,
      new ChangeSmtpUser(target, { type: 'RenameSmtpUser', username }, shownUser),
    );
  }

  @Delete(':smtpUserId')
  @Write({
    tag: 'SMTP users',
    summary: 'Remove an SMTP user; its history stays, and its username is free again',
    takes: ['If-Match'],
    status: 204,
    responseHeaders: ['Postern-Version'],
  })
  removeSmtpUser(@TargetOf() target: Target): Promise<null> {
    return this.writes.carryOut(target.context, new ChangeSmtpUser(target, { type: 'RemoveSmtpUser' }, () => null));
  }
}

import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { newId, type SmtpUserId } from '@postern/contracts';
import { smtpUserView, type SmtpUser } from '@postern/restrictions';
import { CLOCK, type Clock } from '../../clock.js';
import { SmtpUserWrites } from '../smtp-user-writes.js';
import { RegisterSmtpUser } from './register-smtp-user.command.js';

@CommandHandler(RegisterSmtpUser)
export class RegisterSmtpUserHandler implements ICommandHandler<RegisterSmtpUser> {
  constructor(
    @Inject(SmtpUserWrites) private readonly writes: SmtpUserWrites,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  execute({ tenantId, username, context }: RegisterSmtpUser): Promise<SmtpUser> {
    const user = { tenantId, smtpUserId: newId<SmtpUserId>() };
    const command = { type: 'RegisterSmtpUser' as const, ...user, username };
    const write = { user, command, context, expected: null };
    return this.writes.write(write, (state) => smtpUserView(state, this.clock()));
  }
}

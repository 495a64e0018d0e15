import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { smtpUserView, type SmtpUser } from '@postern/restrictions';
import { CLOCK, type Clock } from '../../clock.js';
import { SmtpUserWrites } from '../smtp-user-writes.js';
import { RenameSmtpUser } from './rename-smtp-user.command.js';

@CommandHandler(RenameSmtpUser)
export class RenameSmtpUserHandler implements ICommandHandler<RenameSmtpUser> {
  constructor(
    @Inject(SmtpUserWrites) private readonly writes: SmtpUserWrites,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  execute({ user, username, expected, context }: RenameSmtpUser): Promise<SmtpUser> {
    const command = { type: 'RenameSmtpUser' as const, username };
    return this.writes.write({ user, command, context, expected }, (state) => smtpUserView(state, this.clock()));
  }
}

import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { SmtpUserWrites } from '../smtp-user-writes.js';
import { RemoveSmtpUser } from './remove-smtp-user.command.js';

@CommandHandler(RemoveSmtpUser)
export class RemoveSmtpUserHandler implements ICommandHandler<RemoveSmtpUser> {
  constructor(@Inject(SmtpUserWrites) private readonly writes: SmtpUserWrites) {}

  async execute({ user, expected, context }: RemoveSmtpUser): Promise<void> {
    await this.writes.write({ user, command: { type: 'RemoveSmtpUser' }, context, expected });
  }
}

import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { SmtpUserWrites } from '../smtp-user-writes.js';
import { RemoveSmtpUser, type RemovedSmtpUser } from './remove-smtp-user.command.js';

@CommandHandler(RemoveSmtpUser)
export class RemoveSmtpUserHandler implements ICommandHandler<RemoveSmtpUser> {
  constructor(@Inject(SmtpUserWrites) private readonly writes: SmtpUserWrites) {}

  execute({ user, expected, context }: RemoveSmtpUser): Promise<RemovedSmtpUser> {
    const write = { user, command: { type: 'RemoveSmtpUser' as const }, context, expected };
    return this.writes.write(write, ({ version }) => ({ version }));
  }
}

import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { Restriction } from '@postern/restrictions';
import { RestrictionWrites } from '../restriction-writes.js';
import { ChangeMode } from './change-mode.command.js';

@CommandHandler(ChangeMode)
export class ChangeModeHandler implements ICommandHandler<ChangeMode> {
  constructor(@Inject(RestrictionWrites) private readonly writes: RestrictionWrites) {}

  execute({ target, mode }: ChangeMode): Promise<Restriction> {
    return this.writes.write({ ...target, command: { type: 'ChangeMode', mode } });
  }
}

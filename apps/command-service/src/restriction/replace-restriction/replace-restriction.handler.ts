import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { Restriction } from '@postern/restrictions';
import { RestrictionWrites } from '../restriction-writes.js';
import { ReplaceRestriction } from './replace-restriction.command.js';

@CommandHandler(ReplaceRestriction)
export class ReplaceRestrictionHandler implements ICommandHandler<ReplaceRestriction> {
  constructor(@Inject(RestrictionWrites) private readonly writes: RestrictionWrites) {}

  execute({ target, entries, mode }: ReplaceRestriction): Promise<Restriction> {
    return this.writes.write({ ...target, command: { type: 'ReplaceRestriction', entries, mode } });
  }
}

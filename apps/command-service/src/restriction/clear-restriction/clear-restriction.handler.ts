import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { Restriction } from '@postern/restrictions';
import { RestrictionWrites } from '../restriction-writes.js';
import { ClearRestriction } from './clear-restriction.command.js';

@CommandHandler(ClearRestriction)
export class ClearRestrictionHandler implements ICommandHandler<ClearRestriction> {
  constructor(@Inject(RestrictionWrites) private readonly writes: RestrictionWrites) {}

  execute({ target }: ClearRestriction): Promise<Restriction> {
    return this.writes.write({ ...target, command: { type: 'ClearRestriction' } });
  }
}

import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { Restriction } from '@postern/restrictions';
import { RestrictionWrites } from '../restriction-writes.js';
import { RemoveEntry } from './remove-entry.command.js';

@CommandHandler(RemoveEntry)
export class RemoveEntryHandler implements ICommandHandler<RemoveEntry> {
  constructor(@Inject(RestrictionWrites) private readonly writes: RestrictionWrites) {}

  execute({ target, entryId }: RemoveEntry): Promise<Restriction> {
    return this.writes.write({ ...target, command: { type: 'RemoveEntry', entryId } });
  }
}

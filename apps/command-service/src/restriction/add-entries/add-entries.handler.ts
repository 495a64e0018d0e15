import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { Restriction } from '@postern/restrictions';
import { RestrictionWrites } from '../restriction-writes.js';
import { AddEntries } from './add-entries.command.js';

@CommandHandler(AddEntries)
export class AddEntriesHandler implements ICommandHandler<AddEntries> {
  constructor(@Inject(RestrictionWrites) private readonly writes: RestrictionWrites) {}

  execute({ target, entries }: AddEntries): Promise<Restriction> {
    return this.writes.write({ ...target, command: { type: 'AddEntries', entries } });
  }
}

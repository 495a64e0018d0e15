import type { EntryId } from '@postern/contracts';
import { RestrictionCommand, type RestrictionTarget } from '../restriction-command.js';

/** Takes one entry off a restriction; never the last one. */
export class RemoveEntry extends RestrictionCommand {
  constructor(
    target: RestrictionTarget,
    readonly entryId: EntryId,
  ) {
    super(target);
  }
}

import type { WantedEntry } from '@postern/restrictions';
import { RestrictionCommand, type RestrictionTarget } from '../restriction-command.js';

/** Adds entries to a restriction; the first ones make the SMTP user restricted. */
export class AddEntries extends RestrictionCommand {
  constructor(
    target: RestrictionTarget,
    readonly entries: readonly WantedEntry[],
  ) {
    super(target);
  }
}

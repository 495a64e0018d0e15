import type { Mode } from '@postern/contracts';
import type { WantedEntry } from '@postern/restrictions';
import { RestrictionCommand, type RestrictionTarget } from '../restriction-command.js';

/** Makes the whole list of entries what is given, in one step; the mode stays where none is given. */
export class ReplaceRestriction extends RestrictionCommand {
  constructor(
    target: RestrictionTarget,
    readonly entries: readonly WantedEntry[],
    readonly mode: Mode | undefined,
  ) {
    super(target);
  }
}

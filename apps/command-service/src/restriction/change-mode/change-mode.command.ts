import type { Mode } from '@postern/contracts';
import { RestrictionCommand, type RestrictionTarget } from '../restriction-command.js';

/** Enforces the restriction from now on, or only reports what it would refuse. */
export class ChangeMode extends RestrictionCommand {
  constructor(
    target: RestrictionTarget,
    readonly mode: Mode,
  ) {
    super(target);
  }
}

import { RestrictionCommand } from '../restriction-command.js';

/** Takes the whole restriction off: the SMTP user may log in from anywhere again. */
export class ClearRestriction extends RestrictionCommand {}

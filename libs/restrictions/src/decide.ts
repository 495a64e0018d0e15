import type { SmtpUserEvent } from '@postern/contracts';
import type { CommandContext, SmtpUserCommand } from './commands.js';
import { addEntries, removeEntry, replaceRestriction } from './decide-entries.js';
import { changeMode, clearRestriction } from './decide-mode.js';
import { registerSmtpUser, removeSmtpUser, renameSmtpUser } from './decide-smtp-user.js';
import type { SmtpUserState } from './state.js';

/**
 * What happens because of a command: the events to append together, in this order; none where all is so already.
 * Throws a `DomainRefusal` where the rules refuse it. The state must be that of the command's SMTP user.
 */
export function decide(command: SmtpUserCommand, state: SmtpUserState, context: CommandContext): SmtpUserEvent[] {
  switch (command.type) {
    case 'RegisterSmtpUser':
      return registerSmtpUser(command, state, context);
    case 'RenameSmtpUser':
      return renameSmtpUser(command, state);
    case 'RemoveSmtpUser':
      return removeSmtpUser(state);
    case 'AddEntries':
      return addEntries(command, state, context);
    case 'RemoveEntry':
      return removeEntry(command, state);
    case 'ReplaceRestriction':
      return replaceRestriction(command, state, context);
    case 'ClearRestriction':
      return clearRestriction(state);
    case 'ChangeMode':
      return changeMode(command, state);
  }
}

import { type SmtpUserEvent, isUsername } from '@postern/contracts';
import type { CommandContext, SmtpUserCommand, RegisterSmtpUser, RenameSmtpUser } from './commands.js';
import { addEntries, changeMode, clearRestriction, removeEntry, replaceRestriction } from './decide-restriction.js';
import { type SmtpUserState, requireRegistered } from './state.js';
import { DomainRefusal, refusedFields } from './refusal.js';
import { fieldRefusal } from './wanted-entries.js';

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

/** Whether the username is free among all tenants is not known here: whoever appends reserves it. */
function registerSmtpUser(command: RegisterSmtpUser, state: SmtpUserState, context: CommandContext): SmtpUserEvent[] {
  if (state.status !== 'none') {
    const detail = `The id ${command.smtpUserId} belongs to the SMTP user ${state.username} for good. Register with a new id.`;
    throw new DomainRefusal('username-taken', detail);
  }
  const { smtpUserId, tenantId, username } = command;
  checkUsername(username);
  const registeredAt = context.now.toISOString();
  return [{ type: 'SmtpUserRegistered', data: { smtpUserId, tenantId, username, registeredAt } }];
}

/** The same username in another case is a new one to show. */
function renameSmtpUser(command: RenameSmtpUser, state: SmtpUserState): SmtpUserEvent[] {
  const { username: previousUsername } = requireRegistered(state);
  const { username } = command;
  checkUsername(username);
  return username === previousUsername ? [] : [{ type: 'SmtpUserRenamed', data: { username, previousUsername } }];
}

function removeSmtpUser(state: SmtpUserState): SmtpUserEvent[] {
  return [{ type: 'SmtpUserRemoved', data: { username: requireRegistered(state).username } }];
}

function checkUsername(username: string): void {
  if (isUsername(username)) return;
  const detail = 'A username is 1 to 254 printable ASCII characters without white space.';
  throw refusedFields([fieldRefusal('/username', 'username-invalid', detail)]);
}

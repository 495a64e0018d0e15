import { isUsername } from '@postern/contracts';
import type { SmtpUserEvent } from '@postern/contracts';
import type { CommandContext, RegisterSmtpUser, RenameSmtpUser } from './commands.js';
import { DomainRefusal, refusedFields } from './refusal.js';
import { requireRegistered } from './state.js';
import type { SmtpUserState } from './state.js';
import { fieldRefusal } from './wanted-entries.js';

/** Whether the username is free among all tenants is not known here: whoever appends reserves it. */
export function registerSmtpUser(
  command: RegisterSmtpUser,
  state: SmtpUserState,
  context: CommandContext,
): SmtpUserEvent[] {
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
export function renameSmtpUser(command: RenameSmtpUser, state: SmtpUserState): SmtpUserEvent[] {
  const { username: previousUsername } = requireRegistered(state);
  const { username } = command;
  checkUsername(username);
  return username === previousUsername ? [] : [{ type: 'SmtpUserRenamed', data: { username, previousUsername } }];
}

export function removeSmtpUser(state: SmtpUserState): SmtpUserEvent[] {
  return [{ type: 'SmtpUserRemoved', data: { username: requireRegistered(state).username } }];
}

function checkUsername(username: string): void {
  if (isUsername(username)) return;
  const detail = 'A username is 1 to 254 printable ASCII characters without white space.';
  throw refusedFields([fieldRefusal('/username', 'username-invalid', detail)]);
}

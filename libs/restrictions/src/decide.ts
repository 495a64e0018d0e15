import {
  isUsername,
  type EntryAdded,
  type EntryChanged,
  type EntryId,
  type EntryRemoved,
  type SmtpUserEvent,
} from '@postern/contracts';
import type { CommandContext, CommandOf, SmtpUserCommand } from './commands.js';
import { isLive, MAX_ENTRIES } from './entry.js';
import { checkMode, type ModeSetting } from './mode.js';
import { DomainRefusal, fieldRefusal, refusedFields } from './refusal.js';
import { requireRegistered, type SmtpUserState } from './state.js';
import { checkEntries, expiryRefusal, tooManyEntries, type CheckedEntry } from './requested-entries.js';

/** The events of a command, in order; empty if nothing changes. `state` must be that of the command's SMTP user. @throws `DomainRefusal`. */
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
      return changeMode(command, state, context);
  }
}

/** The caller reserves the username, because the domain does not see the usernames of other tenants. */
function registerSmtpUser(
  command: CommandOf<'RegisterSmtpUser'>,
  state: SmtpUserState,
  context: CommandContext,
): SmtpUserEvent[] {
  if (state.status !== 'none') {
    const detail = `The id ${command.smtpUserId} belongs to the SMTP user ${state.username}. Register with a new id.`;
    throw new DomainRefusal('username-taken', detail);
  }
  const { smtpUserId, tenantId, username } = command;
  checkUsername(username);
  const registeredAt = context.now.toISOString();
  return [{ type: 'SmtpUserRegistered', data: { smtpUserId, tenantId, username, registeredAt } }];
}

function renameSmtpUser(command: CommandOf<'RenameSmtpUser'>, state: SmtpUserState): SmtpUserEvent[] {
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

/** An expired entry with the same range is renewed, with its id. */
function addEntries(command: CommandOf<'AddEntries'>, state: SmtpUserState, context: CommandContext): SmtpUserEvent[] {
  const user = requireRegistered(state);
  if (command.entries.length === 0) {
    throw refusedFields([fieldRefusal('/entries', 'field-missing', 'Give one entry at least.')]);
  }
  const { entries: requested, errors } = checkEntries(command.entries);
  const present = presentOf(requested, user.entries);
  const fresh: EntryAdded[] = [];
  const renewed: EntryChanged[] = [];
  for (const entry of requested) {
    const before = present.get(entry.range);
    if (before === undefined) fresh.push(added(entry, context));
    else if (isLive(before, context.now)) {
      const detail = `The restriction has ${before.range} already, as the entry ${before.id}. Leave it out.`;
      errors.push(fieldRefusal(`/entries/${entry.index}/range`, 'entry-duplicate', detail));
    } else renewed.push(changed(before, entry));
    errors.push(...expiryRefusal(entry, context.now));
  }
  const count = user.entries.length - renewed.length + command.entries.length;
  if (count > MAX_ENTRIES) errors.push(tooManyEntries(count));
  if (errors.length > 0) throw refusedFields(errors);
  return entryEventsOf(fresh, renewed, []);
}

/** Replaces the list in one append. An entry whose range is already on the list keeps its id. */
function replaceRestriction(
  command: CommandOf<'ReplaceRestriction'>,
  state: SmtpUserState,
  context: CommandContext,
): SmtpUserEvent[] {
  const user = requireRegistered(state);
  if (command.entries.length === 0) {
    const detail =
      'A restriction without entries would refuse every login. To let the SMTP user log in from anywhere, DELETE …/restriction.';
    throw new DomainRefusal('restriction-empty', detail);
  }
  const { entries: requested, errors } = checkEntries(command.entries);
  const present = presentOf(requested, user.entries);
  const fresh: EntryAdded[] = [];
  const changes: EntryChanged[] = [];
  for (const entry of requested) {
    const before = present.get(entry.range);
    if (before === undefined) fresh.push(added(entry, context));
    else if (before.note !== entry.note || before.expiresAt !== entry.expiresAt) changes.push(changed(before, entry));
    // A past expiry may be sent back unchanged.
    if (before?.expiresAt !== entry.expiresAt) errors.push(...expiryRefusal(entry, context.now));
  }
  const mode = checkMode(command, user, context.now);
  errors.push(...mode.errors);
  if (errors.length > 0) throw refusedFields(errors);
  const removed = user.entries.filter(({ range }) => !present.has(range));
  const entryEvents = entryEventsOf(fresh, changes, removed);
  const modeEvents = modeEventsOf(user, mode.setting);
  // A reader of single events must never see a stricter rule than before and after: loosen first, tighten last.
  return command.mode === 'report-only' ? [...modeEvents, ...entryEvents] : [...entryEvents, ...modeEvents];
}

/** The last entry stays: without it the user would be refused everywhere, which nobody intends. */
function removeEntry(command: CommandOf<'RemoveEntry'>, state: SmtpUserState): SmtpUserEvent[] {
  const { entries } = requireRegistered(state);
  const entry = entries.find(({ id }) => id === command.entryId);
  if (entry === undefined) {
    throw new DomainRefusal(
      'entry-not-found',
      'The restriction has no entry with this id. It may be removed already: read the restriction again.',
    );
  }
  if (entries.length === 1) {
    const detail = `${entry.range} is the last entry, and a restriction cannot be empty. To let the SMTP user log in from anywhere, use DELETE …/restriction. To replace the list, use PUT …/restriction.`;
    throw new DomainRefusal('last-entry', detail);
  }
  return entryEventsOf([], [], [entry]);
}

/** Entries whose ranges the command names. It usually has the shorter list, so that one is indexed. */
function presentOf(requested: readonly CheckedEntry[], entries: readonly EntryAdded[]): Map<string, EntryAdded> {
  const ranges = new Set(requested.map(({ range }) => range));
  return new Map(entries.filter(({ range }) => ranges.has(range)).map((entry) => [entry.range, entry]));
}

function added(entry: CheckedEntry, context: CommandContext): EntryAdded {
  const { range, typed, note, expiresAt } = entry;
  const id = context.newId() as EntryId;
  return { id, range, typed, note, addedBy: context.actorName, addedAt: context.now.toISOString(), expiresAt };
}

function changed({ id, range, ...previous }: EntryAdded, { note, expiresAt }: CheckedEntry): EntryChanged {
  return { id, range, note, previousNote: previous.note, expiresAt, previousExpiresAt: previous.expiresAt };
}

/** Added entries first: a reader of single events always sees the entries that are kept. */
function entryEventsOf(
  added: readonly EntryAdded[],
  changes: readonly EntryChanged[],
  removed: readonly EntryAdded[],
): SmtpUserEvent[] {
  const removals: EntryRemoved[] = removed.map(({ id, range }) => ({ id, range }));
  return [
    ...(added.length > 0 ? [{ type: 'RestrictionAdded' as const, data: { entries: added } }] : []),
    ...(changes.length > 0 ? [{ type: 'RestrictionEntriesChanged' as const, data: { entries: changes } }] : []),
    ...(removals.length > 0 ? [{ type: 'RestrictionRemoved' as const, data: { entries: removals } }] : []),
  ];
}

/** The user may then log in from anywhere; the mode is `enforce` again. */
function clearRestriction(state: SmtpUserState): SmtpUserEvent[] {
  return requireRegistered(state).restricted ? [{ type: 'RestrictionCleared', data: {} }] : [];
}

/** Also for an unrestricted user, so that `report-only` can be set before the first entry. */
function changeMode(command: CommandOf<'ChangeMode'>, state: SmtpUserState, context: CommandContext): SmtpUserEvent[] {
  const user = requireRegistered(state);
  const { setting, errors } = checkMode(command, user, context.now);
  if (errors.length > 0) throw refusedFields(errors);
  return modeEventsOf(user, setting);
}

function modeEventsOf(
  { mode: previousMode, enforceAt: previousEnforceAt }: ModeSetting,
  requested: ModeSetting,
): SmtpUserEvent[] {
  const { mode, enforceAt } = requested;
  if (mode === previousMode && enforceAt === previousEnforceAt) return [];
  return [{ type: 'RestrictionModeChanged', data: { mode, previousMode, enforceAt, previousEnforceAt } }];
}

import type { EntryAdded, EntryChanged, EntryId, EntryRemoved, SmtpUserEvent } from '@postern/contracts';
import type { AddEntries, ChangeMode, CommandContext, RemoveEntry, ReplaceRestriction } from './commands.js';
import { MAX_ENTRIES, isLive, requireRegistered, type SmtpUserState } from './state.js';
import { DomainRefusal, refusedFields, type FieldRefusal } from './refusal.js';
import { checkEntries, expiryRefusal, fieldRefusal, tooManyEntries, type CheckedEntry } from './wanted-entries.js';

/** Adds entries to the list. One whose range is on it, but expired, renews that entry, which keeps its id. */
export function addEntries(command: AddEntries, state: SmtpUserState, context: CommandContext): SmtpUserEvent[] {
  const user = requireRegistered(state);
  if (command.entries.length === 0) {
    throw refusedFields([fieldRefusal('/entries', 'field-missing', 'Give one entry at least.')]);
  }
  const { entries: wanted, errors } = checkEntries(command.entries);
  const byRange = entriesByRange(user.entries, wanted);
  const refused: FieldRefusal[] = [...errors];
  const fresh: CheckedEntry[] = [];
  const renewed: EntryChanged[] = [];
  for (const [index, entry] of wanted) {
    const standing = byRange.get(entry.range);
    if (standing !== undefined && isLive(standing, context.now)) refused.push(standsAlready(standing, index));
    else if (standing !== undefined) renewed.push(changed(standing, entry));
    else fresh.push(entry);
    refused.push(...expiryRefusal(entry, index, context.now));
  }
  const count = user.entries.length - renewed.length + command.entries.length;
  if (count > MAX_ENTRIES) refused.push(tooManyEntries(count));
  if (refused.length > 0) throw refusedFields(refused);
  return entryEventsOf(
    fresh.map((entry) => added(entry, context)),
    renewed,
    [],
  );
}

/** Makes the list what the command says, in one append. An entry whose range is on the list already keeps its id. */
export function replaceRestriction(
  command: ReplaceRestriction,
  state: SmtpUserState,
  context: CommandContext,
): SmtpUserEvent[] {
  const user = requireRegistered(state);
  if (command.entries.length === 0) {
    const detail =
      'A restriction without entries would refuse every login. To let the SMTP user log in from anywhere, DELETE …/restriction.';
    throw new DomainRefusal('restriction-empty', detail);
  }
  const { entries: wanted, errors } = checkEntries(command.entries);
  const byRange = entriesByRange(user.entries, wanted);
  const fresh: CheckedEntry[] = [];
  const changes: EntryChanged[] = [];
  const refused: FieldRefusal[] = [...errors];
  for (const [index, entry] of wanted) {
    const standing = byRange.get(entry.range);
    if (standing === undefined) fresh.push(entry);
    else if (standing.note !== entry.note || standing.expiresAt !== entry.expiresAt)
      changes.push(changed(standing, entry));
    // An end that is past may be sent back as it is.
    if (standing?.expiresAt !== entry.expiresAt) refused.push(...expiryRefusal(entry, index, context.now));
  }
  if (refused.length > 0) throw refusedFields(refused);
  const entryEvents = entryEventsOf(
    fresh.map((entry) => added(entry, context)),
    changes,
    user.entries.filter(({ range }) => byRange.get(range) === undefined),
  );
  const modeEvents = command.mode === undefined ? [] : changeMode({ type: 'ChangeMode', mode: command.mode }, state);
  // Whoever sees the events one by one never sees a stricter rule than before and after: loosen first, tighten last.
  return command.mode === 'report-only' ? [...modeEvents, ...entryEvents] : [...entryEvents, ...modeEvents];
}

/** Takes one entry off. The last one stays: without it the user would be refused everywhere, which no one means. */
export function removeEntry(command: RemoveEntry, state: SmtpUserState): SmtpUserEvent[] {
  const { entries } = requireRegistered(state);
  const entry = entries.find(({ id }) => id === command.entryId);
  if (entry === undefined) {
    throw new DomainRefusal(
      'entry-not-found',
      'There is no entry with this id on the restriction; it may be removed already.',
    );
  }
  if (entries.length === 1) {
    const detail = `${entry.range} is the last entry. To let the SMTP user log in from anywhere, DELETE …/restriction; to change the list, PUT …/restriction.`;
    throw new DomainRefusal('last-entry', detail);
  }
  return entryEventsOf([], [], [entry]);
}

/** Of those that stand, the ones whose ranges are wanted. The command is most often the shorter list, so that is the one indexed. */
function entriesByRange(
  standing: readonly EntryAdded[],
  wanted: readonly (readonly [number, CheckedEntry])[],
): Map<string, EntryAdded> {
  const ranges = new Set(wanted.map(([, { range }]) => range));
  return new Map(standing.filter(({ range }) => ranges.has(range)).map((entry) => [entry.range, entry]));
}

function standsAlready(standing: EntryAdded, index: number): FieldRefusal {
  const detail = `${standing.range} is on the restriction already, as the entry ${standing.id}.`;
  return fieldRefusal(`/entries/${index}/range`, 'entry-duplicate', detail);
}

function added(entry: CheckedEntry, context: CommandContext): EntryAdded {
  const { range, typed, note, expiresAt } = entry;
  const id = context.newId() as EntryId;
  return { id, range, typed, note, addedBy: context.actorName, addedAt: context.now.toISOString(), expiresAt };
}

function changed({ id, range, ...previous }: EntryAdded, { note, expiresAt }: CheckedEntry): EntryChanged {
  return { id, range, note, previousNote: previous.note, expiresAt, previousExpiresAt: previous.expiresAt };
}

/** Added first: whoever sees the events one by one never sees a list that lacks what is on it before and after. */
function entryEventsOf(
  added: readonly EntryAdded[],
  changes: readonly EntryChanged[],
  removed: readonly EntryAdded[],
): SmtpUserEvent[] {
  const gone: EntryRemoved[] = removed.map(({ id, range }) => ({ id, range }));
  return [
    ...(added.length > 0 ? [{ type: 'RestrictionAdded' as const, data: { entries: added } }] : []),
    ...(changes.length > 0 ? [{ type: 'RestrictionEntriesChanged' as const, data: { entries: changes } }] : []),
    ...(gone.length > 0 ? [{ type: 'RestrictionRemoved' as const, data: { entries: gone } }] : []),
  ];
}

/** Opens the user to the world, and its mode falls back to `enforce`. */
export function clearRestriction(state: SmtpUserState): SmtpUserEvent[] {
  return requireRegistered(state).restricted ? [{ type: 'RestrictionCleared', data: {} }] : [];
}

/** Also on an unrestricted user: so that `report-only` is there before the first entry. */
export function changeMode(command: ChangeMode, state: SmtpUserState): SmtpUserEvent[] {
  const { mode: previousMode } = requireRegistered(state);
  const { mode } = command;
  return mode === previousMode ? [] : [{ type: 'RestrictionModeChanged', data: { mode, previousMode } }];
}

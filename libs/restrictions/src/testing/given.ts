import type { EntryAdded, EntryId, Mode, SmtpUserEvent, SmtpUserId, TenantId } from '@postern/contracts';
import type { CommandOf, SmtpUserCommand, RequestedEntry } from '../commands.js';
import { type RegisteredSmtpUser, type SmtpUserState, requireRegistered, initialState, evolve } from '../state.js';
import { decide } from '../decide.js';
import { DomainRefusal } from '../refusal.js';

export const NOW = new Date('2026-10-01T12:00:00.000Z');
export const YESTERDAY = '2026-09-30T12:00:00.000Z';
export const NEXT_YEAR = '2027-10-01T12:00:00.000Z';
const ACTOR = 'ci';

export const smtpUserId = '0198c0de-0000-7000-8000-000000000001' as SmtpUserId;
export const tenantId = 'acme' as TenantId;
export const username = 'app@acme.example';

export const registered: SmtpUserEvent = {
  type: 'SmtpUserRegistered',
  data: { smtpUserId, tenantId, username, registeredAt: '2026-01-01T00:00:00.000Z' },
};
export const removed: SmtpUserEvent = { type: 'SmtpUserRemoved', data: { username } };
export const cleared: SmtpUserEvent = { type: 'RestrictionCleared', data: {} };

export function modeChanged(
  mode: Mode,
  enforceAt: string | null = null,
  previousEnforceAt: string | null = null,
): SmtpUserEvent {
  const previousMode = mode === 'enforce' || previousEnforceAt !== null ? 'report-only' : 'enforce';
  return { type: 'RestrictionModeChanged', data: { mode, previousMode, enforceAt, previousEnforceAt } };
}

/** An entry of the restriction; its id is its range, unless given. */
export function entry(range: string, change: Partial<Omit<EntryAdded, 'id'>> & { id?: string } = {}): EntryAdded {
  const { id = range, ...rest } = change;
  const addedAt = '2026-02-01T00:00:00.000Z';
  return { range, typed: range, note: null, addedBy: 'ops', addedAt, expiresAt: null, ...rest, id: id as EntryId };
}

export function added(...entries: readonly EntryAdded[]): SmtpUserEvent {
  return { type: 'RestrictionAdded', data: { entries } };
}

/** The change of an entry to another note or end. */
export function changedTo(
  previous: EntryAdded,
  { note, expiresAt }: Pick<EntryAdded, 'note' | 'expiresAt'>,
): SmtpUserEvent {
  const { id, range, note: previousNote, expiresAt: previousExpiresAt } = previous;
  const change = { id, range, note, previousNote, expiresAt, previousExpiresAt };
  return { type: 'RestrictionEntriesChanged', data: { entries: [change] } };
}

export function taken(...entries: readonly EntryAdded[]): SmtpUserEvent {
  return { type: 'RestrictionRemoved', data: { entries: entries.map(({ id, range }) => ({ id, range })) } };
}

/** The entry that the command under test makes as its `n`th. */
export function made(n: number, range: string, change: Partial<EntryAdded> = {}): EntryAdded {
  return entry(range, { id: `new-${n}`, addedBy: ACTOR, addedAt: NOW.toISOString(), ...change });
}

export function addEntries(...entries: readonly RequestedEntry[]): CommandOf<'AddEntries'> {
  return { type: 'AddEntries', entries };
}

export function replaceWith(
  entries: readonly RequestedEntry[],
  mode?: Mode,
  enforceAt?: string | null,
): CommandOf<'ReplaceRestriction'> {
  return { type: 'ReplaceRestriction', entries, mode, enforceAt };
}

export function user(state: SmtpUserState): RegisteredSmtpUser {
  return requireRegistered(state);
}

/** `count` different addresses. */
export function addresses(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `203.0.${i >> 8}.${i & 255}`);
}

/** What came of a command: the events that happened, or the refusal. */
export type Outcome = { readonly happened: readonly SmtpUserEvent[] } | { readonly refused: DomainRefusal };

/** `expect(given(registered).when(addEntries({ range: '203.0.113.42' }))).toEqual({ happened: [...] })` */
export function given(...events: readonly SmtpUserEvent[]): {
  readonly state: SmtpUserState;
  when(command: SmtpUserCommand, now?: Date): Outcome;
} {
  const state = events.reduce<SmtpUserState>(evolve, initialState());
  return { state, when: (command, now = NOW) => outcome(command, state, now) };
}

function outcome(command: SmtpUserCommand, state: SmtpUserState, now: Date): Outcome {
  let ids = 0;
  try {
    return { happened: decide(command, state, { now, actorName: ACTOR, newId: () => `new-${++ids}` }) };
  } catch (error) {
    if (error instanceof DomainRefusal) return { refused: error };
    throw error;
  }
}

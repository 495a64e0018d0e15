import type { EntryAdded, SmtpUserId, TenantId, SmtpUserEvent } from '@postern/contracts';
import type { ModeSetting } from './mode.js';
import { DomainRefusal } from './refusal.js';

interface KnownSmtpUser {
  readonly smtpUserId: SmtpUserId;
  readonly tenantId: TenantId;
  /** As given; compared without case. */
  readonly username: string;
  readonly version: number;
}

export interface RegisteredSmtpUser extends KnownSmtpUser, ModeSetting {
  readonly status: 'registered';
  /** RFC 3339, UTC, milliseconds. */
  readonly createdAt: string;
  /** True from the first entry until the restriction is cleared, also without a live entry or any entry. */
  readonly restricted: boolean;
  /** In the order of adding, also expired ones. */
  readonly entries: readonly EntryAdded[];
}

/** `none`: unknown, without events. `removed`: unknown again; its username is free, and the id is never used again. */
export type SmtpUserState =
  | { readonly status: 'none'; readonly version: 0 }
  | RegisteredSmtpUser
  | (KnownSmtpUser & { readonly status: 'removed' });

export function initialState(): SmtpUserState {
  return { status: 'none', version: 0 };
}

/** @throws `smtp-user-not-found`. */
export function requireRegistered(state: SmtpUserState): RegisteredSmtpUser {
  if (state.status === 'registered') return state;
  const detail =
    state.status === 'removed'
      ? `The SMTP user ${state.username} was removed. Register the username again for a new SMTP user.`
      : 'There is no SMTP user with this id. Register it first.';
  throw new DomainRefusal('smtp-user-not-found', detail);
}

/** As decided, or from the journal, with its version in the stream. */
type EvolvingEvent = SmtpUserEvent & { readonly version?: number };

const INITIAL_MODE: ModeSetting = { mode: 'enforce', enforceAt: null };

/** The state after one more event. @throws if the events cannot follow one another: the stream is damaged. */
export function evolve(state: SmtpUserState, event: EvolvingEvent): SmtpUserState {
  const version = event.version ?? state.version + 1;
  if (event.type === 'SmtpUserRegistered' && state.status === 'none') {
    const { smtpUserId, tenantId, username, registeredAt } = event.data;
    const unrestricted = { ...INITIAL_MODE, restricted: false, entries: [] };
    return { status: 'registered', smtpUserId, tenantId, username, createdAt: registeredAt, ...unrestricted, version };
  }
  if (state.status !== 'registered' || event.type === 'SmtpUserRegistered') {
    throw new Error(`The stream of an SMTP user has ${event.type} as version ${version}, where it is ${state.status}`);
  }
  return changed(state, event, version);
}

function changed(
  state: RegisteredSmtpUser,
  event: Exclude<EvolvingEvent, { type: 'SmtpUserRegistered' }>,
  version: number,
): SmtpUserState {
  switch (event.type) {
    case 'SmtpUserRenamed':
      return { ...state, username: event.data.username, version };
    case 'SmtpUserRemoved': {
      const { smtpUserId, tenantId, username } = state;
      return { status: 'removed', smtpUserId, tenantId, username, version };
    }
    case 'RestrictionAdded':
      return { ...state, restricted: true, entries: [...state.entries, ...event.data.entries], version };
    case 'RestrictionEntriesChanged': {
      const changes = new Map(event.data.entries.map((entry) => [entry.id, entry]));
      const entries = state.entries.map((entry) => {
        const change = changes.get(entry.id);
        return change ? { ...entry, note: change.note, expiresAt: change.expiresAt } : entry;
      });
      return { ...state, entries, version };
    }
    case 'RestrictionRemoved': {
      const removed = new Set(event.data.entries.map((entry) => entry.id));
      // `restricted` stays, even without entries: only RestrictionCleared opens the user.
      return { ...state, entries: state.entries.filter((entry) => !removed.has(entry.id)), version };
    }
    case 'RestrictionCleared':
      return { ...state, ...INITIAL_MODE, restricted: false, entries: [], version };
    case 'RestrictionModeChanged':
      return { ...state, mode: event.data.mode, enforceAt: event.data.enforceAt, version };
  }
}

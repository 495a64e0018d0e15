import type { ApiKeyEvent, SmtpUserEvent, TenantEvent } from '@postern/contracts';
import type { RegisteredSmtpUser, SmtpUserState } from '@postern/restrictions';
import type { KnownSmtpUser } from '@postern/read-models';

/** What a change affected. Null: it did not exist. */
export interface BeforeAndAfter {
  readonly before: object | null;
  readonly after: object | null;
}

/** Only what the event changed, so that each has at most one list of entries. */
export function ofSmtpUser(before: SmtpUserState, event: SmtpUserEvent, after: KnownSmtpUser): BeforeAndAfter {
  if (before.status !== 'registered')
    return { before: null, after: after.status === 'registered' ? snapshotOf(after) : null };
  if (after.status !== 'registered') return { before: snapshotOf(before), after: null };
  switch (event.type) {
    case 'SmtpUserRenamed':
      return { before: { username: before.username }, after: { username: after.username } };
    case 'RestrictionModeChanged':
      return { before: modeOf(before), after: modeOf(after) };
    case 'RestrictionAdded':
    case 'RestrictionEntriesChanged':
    case 'RestrictionRemoved': {
      // Complete entries, from the states: the event of a removal has only ids and ranges.
      const ids = new Set(event.data.entries.map((entry) => entry.id));
      const touched = ({ restricted, entries }: RegisteredSmtpUser) => ({
        restricted,
        entries: entries.filter((entry) => ids.has(entry.id)),
      });
      return { before: touched(before), after: touched(after) };
    }
    case 'RestrictionCleared':
      return { before: restriction(before), after: restriction(after) };
    case 'SmtpUserRegistered':
    case 'SmtpUserRemoved':
      return { before: snapshotOf(before), after: snapshotOf(after) };
  }
}

export interface NamedKey {
  readonly keyId: string;
  readonly role: string;
  readonly name: string;
}

/** `key` is the issued or revoked one; the event of a revocation does not name it. */
export function ofTenantOrKey(event: TenantEvent | ApiKeyEvent, key: NamedKey | null): BeforeAndAfter {
  switch (event.type) {
    case 'TenantCreated':
      return { before: null, after: { id: event.data.tenantId, name: event.data.name } };
    case 'TenantReplySet': {
      const { previous, ...reply } = event.data;
      return { before: previous, after: reply };
    }
    case 'ApiKeyIssued':
      return { before: null, after: key };
    case 'ApiKeyRevoked':
      return { before: key, after: null };
  }
}

function snapshotOf(user: RegisteredSmtpUser): object {
  return { username: user.username, ...restriction(user) };
}

function restriction(user: RegisteredSmtpUser): object {
  const { restricted, entries } = user;
  return { restricted, ...modeOf(user), entries };
}

/** As it was set: the instant of `enforceAt` may lie between a change and its reader. */
function modeOf({ mode, enforceAt }: RegisteredSmtpUser): object {
  return { mode, enforceAt };
}

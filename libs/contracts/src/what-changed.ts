import type { DomainEvent, EntryAdded, EntryChanged } from './events.js';

/** A change in a few words; only the type if it is unknown here, from a later Postern. */
export function whatChanged({ type, data }: { readonly type: string; readonly data: unknown }): string {
  // `type` decides `data`; an unknown type is the default below.
  const event = { type, data } as DomainEvent;
  switch (event.type) {
    case 'TenantCreated':
      return `tenant created: ${event.data.name}`;
    case 'TenantReplySet': {
      const { text, helpUrl, opaque } = event.data;
      if (opaque) return 'denied logins: answered as a wrong password';
      return `denied logins: answered "${text}"${helpUrl === null ? '' : ` with the link ${helpUrl}`}`;
    }
    case 'ApiKeyIssued':
      return `${event.data.role} key issued: ${event.data.name} (${event.data.keyId})`;
    case 'ApiKeyRevoked':
      return `key revoked: ${event.data.keyId}`;
    case 'SmtpUserRegistered':
      return `user added: ${event.data.username}`;
    case 'SmtpUserRenamed':
      return `user renamed from ${event.data.previousUsername} to ${event.data.username}`;
    case 'SmtpUserRemoved':
      return `user removed: ${event.data.username}`;
    case 'RestrictionAdded':
      return `allowed ${event.data.entries.map(entry).join(', ')}`;
    case 'RestrictionEntriesChanged':
      return `changed ${event.data.entries.map(entry).join(', ')}`;
    case 'RestrictionRemoved':
      return `no longer allowed ${event.data.entries.map(({ range }) => range).join(', ')}`;
    case 'RestrictionModeChanged': {
      const { mode, previousMode, enforceAt, previousEnforceAt } = event.data;
      return `mode ${previousMode}${until(previousEnforceAt)} to ${mode}${until(enforceAt)}`;
    }
    case 'RestrictionCleared':
      return 'restriction cleared';
    default:
      return type;
  }
}

function entry({ range, note, expiresAt }: EntryAdded | EntryChanged): string {
  return `${range}${note === null ? '' : ` "${note}"`}${until(expiresAt)}`;
}

function until(time: string | null): string {
  return time === null ? '' : ` until ${time.replace(/\.\d+Z$/, 'Z')}`;
}

import type { Recorded, SmtpUserEvent } from '@postern/contracts';
import type { PolicyRules } from './policy-row.js';

export type RestrictionEvent = Extract<Recorded<SmtpUserEvent>, { type: `Restriction${string}` }>;

export const UNRESTRICTED: PolicyRules = { mode: 'enforce', enforceAt: null, restricted: false, entries: [] };

/** A range identifies an entry of a list. Only `RestrictionCleared` makes a restricted user unrestricted. */
export function evolveRules(rules: PolicyRules, event: RestrictionEvent): PolicyRules {
  switch (event.type) {
    case 'RestrictionAdded': {
      const added = event.data.entries.map(({ range, expiresAt }) => ({ range, expiresAt }));
      return { ...rules, restricted: true, entries: [...rules.entries, ...added] };
    }
    case 'RestrictionEntriesChanged': {
      const ends = new Map(event.data.entries.map(({ range, expiresAt }) => [range, expiresAt]));
      const entries = rules.entries.map((entry) => {
        const expiresAt = ends.get(entry.range);
        return expiresAt === undefined ? entry : { ...entry, expiresAt };
      });
      return { ...rules, entries };
    }
    case 'RestrictionRemoved': {
      const removed = new Set(event.data.entries.map(({ range }) => range));
      return { ...rules, entries: rules.entries.filter(({ range }) => !removed.has(range)) };
    }
    case 'RestrictionCleared':
      return UNRESTRICTED;
    case 'RestrictionModeChanged':
      return { ...rules, mode: event.data.mode, enforceAt: event.data.enforceAt };
  }
}

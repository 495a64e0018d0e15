import type { Recorded, SmtpUserEvent } from '@postern/contracts';
import type { PolicyRules } from './policy-row.js';

/** The events that change who may log in from where, and neither the user's name nor its being. */
export type RestrictionEvent = Extract<Recorded<SmtpUserEvent>, { type: `Restriction${string}` }>;

/** An SMTP user without a restriction. */
export const UNRESTRICTED: PolicyRules = { mode: 'enforce', restricted: false, entries: [] };

/** The rules after the event. A list has each range once, so that a range names an entry. Only `RestrictionCleared` makes a restricted user unrestricted. */
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
      const gone = new Set(event.data.entries.map(({ range }) => range));
      return { ...rules, entries: rules.entries.filter(({ range }) => !gone.has(range)) };
    }
    case 'RestrictionCleared':
      return UNRESTRICTED;
    case 'RestrictionModeChanged':
      return { ...rules, mode: event.data.mode };
  }
}

import type { EntryId, Recorded, SmtpUserEvent } from '@postern/contracts';
import type { PolicyRules } from './policy-row.js';

/** The events that change who may log in from where, and neither the user's name nor its being. */
export type RestrictionEvent = Extract<Recorded<SmtpUserEvent>, { type: `Restriction${string}` }>;

/** An SMTP user without a restriction. */
export const UNRESTRICTED: PolicyRules = { mode: 'enforce', restricted: false, entries: [], entryIds: [] };

/** The rules after the event. Only `RestrictionCleared` makes a restricted user unrestricted. */
export function evolveRules(rules: PolicyRules, event: RestrictionEvent): PolicyRules {
  switch (event.type) {
    case 'RestrictionAdded': {
      const added = event.data.entries;
      return {
        mode: rules.mode,
        restricted: true,
        entries: [...rules.entries, ...added.map(({ range, expiresAt }) => ({ range, expiresAt }))],
        entryIds: [...rules.entryIds, ...added.map((entry) => entry.id)],
      };
    }
    case 'RestrictionEntriesChanged': {
      const ends = new Map(event.data.entries.map(({ id, expiresAt }) => [id, expiresAt]));
      const entries = rules.entries.map((entry, i) => {
        const expiresAt = ends.get(rules.entryIds[i] as EntryId);
        return expiresAt === undefined ? entry : { ...entry, expiresAt };
      });
      return { ...rules, entries };
    }
    case 'RestrictionRemoved': {
      const gone = new Set(event.data.entries.map((entry) => entry.id));
      const stays = rules.entryIds.map((id) => !gone.has(id));
      return {
        ...rules,
        entries: rules.entries.filter((_, i) => stays[i]),
        entryIds: rules.entryIds.filter((_, i) => stays[i]),
      };
    }
    case 'RestrictionCleared':
      return UNRESTRICTED;
    case 'RestrictionModeChanged':
      return { ...rules, mode: event.data.mode };
  }
}

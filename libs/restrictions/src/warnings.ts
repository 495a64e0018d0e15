import type { EntryAdded, EntryId } from '@postern/contracts';
import { coveringRanges, remarksOn, type IpRange } from '@postern/ip-ranges';
import { endOf, isLive, parsedRange } from './entry.js';

export const WARNING_CODES = ['covered-by', 'very-wide', 'private-range', 'expires-soon'] as const;
export type WarningCode = (typeof WARNING_CODES)[number];

export interface Warning {
  readonly code: WarningCode;
  readonly detail: string;
  readonly entryId: EntryId;
}

export const EXPIRES_SOON_MS = 7 * 24 * 60 * 60 * 1000;

interface LiveEntry {
  readonly entry: EntryAdded;
  readonly range: IpRange;
}

/** Warnings about entries that are live at `now`, in order. Expired ones grant nothing. */
export function warningsOf(entries: readonly EntryAdded[], now: Date): Warning[] {
  const live = entries.flatMap((entry): LiveEntry[] => {
    const range = isLive(entry, now) ? parsedRange(entry) : null;
    return range === null ? [] : [{ entry, range }];
  });
  const covering = coveringRanges(live);
  return live.flatMap((one) => {
    const { entry, range } = one;
    const around = covering.get(one)?.entry;
    const warnings: Warning[] = [];
    const warn = (code: WarningCode, detail: string) =>
      warnings.push({ code, detail: `${entry.range} ${detail}`, entryId: entry.id });
    if (around) {
      const until = around.expiresAt === null ? '' : ` until that entry expires at ${around.expiresAt}`;
      warn('covered-by', `is inside the entry ${around.range}, and adds nothing${until}.`);
    }
    for (const { code, detail } of remarksOn(range)) warn(code, detail);
    if (endOf(entry) - now.getTime() <= EXPIRES_SOON_MS)
      warn('expires-soon', `expires at ${entry.expiresAt}: give it a later expiresAt if it is to stay.`);
    return warnings;
  });
}

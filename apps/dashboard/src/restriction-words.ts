import type { Schema } from './api/client.js';
import { relativeTime } from './ui/dates.js';

interface Words {
  readonly text: string;
  /** Red: every login is refused. Amber: report only, or an entry ends soon. */
  readonly tone?: 'refused' | 'warn';
}

/** The mode in force: after `enforceAt`, relays enforce. */
export function modeAt({ mode, enforceAt }: Pick<Schema<'Restriction'>, 'mode' | 'enforceAt'>, now: Date) {
  return enforceAt !== null && Date.parse(enforceAt) <= now.getTime() ? 'enforce' : mode;
}

const SOON_MS = 7 * 86_400_000;

/** A restriction in words: *any source*, *3 ranges · 1 expires in 3 days*, *all entries expired: every login is refused*. */
export function restrictionWords(restriction: Schema<'Restriction'>, now: Date): Words[] {
  const { restricted, enforceAt, entries } = restriction;
  const mode = modeAt(restriction, now);
  const end = enforceAt === null ? '' : `, enforced ${relativeTime(new Date(enforceAt), now)}`;
  const reportOnly: Words[] = mode === 'report-only' ? [{ text: `report only${end}`, tone: 'warn' }] : [];
  if (!restricted) return [...reportOnly, { text: 'any source' }];
  const live = entries.filter(({ expiresAt }) => expiresAt === null || Date.parse(expiresAt) > now.getTime());
  if (live.length === 0)
    return mode === 'report-only'
      ? [...reportOnly, { text: 'all entries expired', tone: 'warn' }]
      : [{ text: 'all entries expired: every login is refused', tone: 'refused' }];
  const ends = live
    .flatMap(({ expiresAt }) => (expiresAt === null ? [] : [Date.parse(expiresAt)]))
    .filter((end) => end - now.getTime() <= SOON_MS)
    .toSorted((a, b) => a - b);
  const [soonest] = ends;
  const number = live.length > 1 ? `${ends.length} ` : '';
  const verb = ends.length === 1 ? 'expires' : 'expire, the first';
  return [
    ...reportOnly,
    { text: live.length === 1 ? '1 range' : `${live.length.toLocaleString('en')} ranges` },
    ...(soonest === undefined
      ? []
      : [{ text: `${number}${verb} ${relativeTime(new Date(soonest), now)}`, tone: 'warn' as const }]),
  ];
}

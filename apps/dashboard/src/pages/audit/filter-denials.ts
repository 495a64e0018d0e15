import type { DenialFilters } from '../../denials/queries.js';
import { isIn } from '../../denials/refusals.js';
import type { Denial } from '../../denials/words.js';
import { given } from '../../search.js';

/** Whether a live denial belongs to the list that is shown. It filters as the API does. */
export function matches(denial: Denial, { from, to, ip, username, relay, reason, refused }: DenialFilters): boolean {
  return (
    (from === undefined || denial.occurredAt >= from) &&
    (to === undefined || denial.occurredAt < to) &&
    (ip === undefined || isIn(ip, denial.ip)) &&
    (username === undefined || denial.username.toLowerCase() === username.toLowerCase()) &&
    (relay === undefined || denial.relay === relay) &&
    (reason === undefined || denial.reason === reason) &&
    (refused === undefined || denial.refused === (refused === 'true'))
  );
}

/** A file with exactly what is shown. With a byte order mark, by which a spreadsheet recognises UTF-8. */
export function csvLink(path: string, filters: object): string {
  return `${path}?${new URLSearchParams({ ...given(filters), format: 'csv', bom: 'true' })}`;
}

import { digestToHex, EMPTY_DIGEST, type Revision } from '@postern/contracts';
import type { PolicyRow } from '../project/policy-row.js';

export interface Differences {
  /** What to write, in an order that never has two told rows of one username. */
  readonly rows: readonly PolicyRow[];
  /** How many of them relays are told. */
  readonly told: number;
  /** The last revision that was given. */
  readonly revision: Revision;
}

/**
 * What to write so that the live rows become the built ones (whose revision says whether relays are told of them, not when).
 * A row that relays were told in the same words keeps its revision; any other that they are told gets the next. Live rows that the
 * journal knows nothing of become tombstones: a relay that heard of them must hear that they are gone.
 */
export function differences(
  live: readonly PolicyRow[],
  built: readonly PolicyRow[],
  lastRevision: Revision,
): Differences {
  const standing = new Map(live.map((row) => [keyOf(row), row]));
  const toldUsernames = new Set<string>();
  const untold: PolicyRow[] = [];
  const told: PolicyRow[] = [];
  let revision: number = lastRevision;
  const place = (row: PolicyRow, was: PolicyRow | undefined, isTold: boolean): void => {
    const same = isTold && was !== undefined && was.revision !== null && lineOf(was) === lineOf(row);
    const given = same ? was.revision : isTold ? (++revision as Revision) : null;
    const next = { ...row, revision: given };
    if (was && textOf(was) === textOf(next)) return;
    (isTold ? told : untold).push(next);
  };
  for (const row of built) {
    if (row.revision !== null) toldUsernames.add(row.usernameKey);
    place(row, standing.get(keyOf(row)), row.revision !== null);
    standing.delete(keyOf(row));
  }
  for (const row of standing.values()) {
    place(tombstoneOf(row), row, row.revision !== null && !toldUsernames.has(row.usernameKey));
  }
  const given = told.filter((row) => row.revision !== null && row.revision > lastRevision).length;
  return { rows: [...untold, ...told], told: given, revision: revision as Revision };
}

function tombstoneOf(row: PolicyRow): PolicyRow {
  return { ...row, removed: true, rules: { ...row.rules, entries: [], entryIds: [] }, digest: EMPTY_DIGEST };
}

export function keyOf(row: PolicyRow): string {
  return `${row.smtpUserId} ${row.usernameKey}`;
}

/** What relays are told of a row, but for the revision. Not its digest: that of a row which was changed by hand may be the old one. */
function lineOf({ tenantId, username, rules, version, removed }: PolicyRow): string {
  const { mode, restricted, entries } = rules;
  const ranges = entries.map(({ range, expiresAt }) => [range, expiresAt]);
  return JSON.stringify([tenantId, username, mode, restricted, ranges, version, removed]);
}

/** Whether a live row is as the replay has it: all but the revision. */
export function sameRow(live: PolicyRow, built: PolicyRow): boolean {
  return textOf({ ...live, revision: null }) === textOf({ ...built, revision: null });
}

/** Relays are sent this row of its username. */
export function hasRevision(row: PolicyRow): boolean {
  return row.revision !== null;
}

/** Everything of a row. */
function textOf(row: PolicyRow): string {
  return `${lineOf(row)} ${row.eventId} ${row.rules.entryIds.join()} ${row.claimedAt} ${digestToHex(row.digest)} ${row.revision}`;
}

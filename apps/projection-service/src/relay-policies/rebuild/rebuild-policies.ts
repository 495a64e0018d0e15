import type { SmtpUserId, UsernameKey } from '@postern/contracts';
import { REBUILD_PATIENCE_MS, type Comparison } from '@postern/read-models';
import type { DataSource, EntityManager } from 'typeorm';
import type { PolicyRow } from '../project/policy-row.js';
import { loadRowsOf, lockTotals, recountTotals, saveRows } from '../project/policy-table.js';
import { comparePolicies, type ComparedPolicies } from './compare-policies.js';
import { differences } from './differences.js';
import { Replay } from './replay.js';

const ROWS_PER_SAVE = 1_000;

export interface RebuildPoliciesOptions {
  readonly examples?: number;
  readonly tell?: (line: string) => void;
}

export interface RebuildResult {
  /** Events of SMTP users that were replayed. */
  readonly events: number;
  /** Policies that are not removed, after it. */
  readonly policies: number;
  /** Rows that were not as the journal has it, and were replaced. */
  readonly replaced: number;
  /** Of those, the ones that relays are told: each got a new revision. */
  readonly told: number;
  /** What was found in the live ones. */
  readonly found: Comparison;
}

/**
 * Makes the relay policies from the complete journal while Postern runs, in this process's memory, compares them with the live ones,
 * and corrects what differs, in one transaction. What is equal keeps its revision, so relays are sent the differences alone
 * and take no snapshot. Killed before that transaction it has changed nothing; after it there is nothing to do.
 * `feed` is connected as `postern_feed`, `projection` as `postern_projection`. `tell` is called with the progress.
 */
export async function rebuildPolicies(
  feed: DataSource,
  projection: DataSource,
  { examples = 0, tell }: RebuildPoliciesOptions = {},
): Promise<RebuildResult> {
  const replay = new Replay(feed, tell);
  const found = await comparePolicies(replay, projection, examples, REBUILD_PATIENCE_MS);
  tell?.(`relay-policies: ${replay.events} events applied; ${found.usernames.size} usernames differ from the journal`);
  const corrected =
    found.usernames.size === 0 && found.totalsFit ? { replaced: 0, told: 0 } : await correct(replay, projection, found);
  return { events: replay.events, policies: replay.totals.policies, ...corrected, found: found.comparison };
}

/**
 * The live consumer waits for no more than the rows that differ. Under the lock nothing is applied any more, so the replay, brought to the
 * journal's end, lies behind all that the live rows have; the live consumer then skips what was written, by the users' versions.
 */
function correct(replay: Replay, projection: DataSource, { usernames }: ComparedPolicies) {
  return projection.transaction(async (manager) => {
    const before = await lockTotals(manager);
    await replay.catchUp();
    const { built, live } = await completeUsers(replay, manager, usernames);
    const { rows, told, revision } = differences(live, built, before.revision);
    const totals = { ...replay.totals, revision };
    for (let i = 0; i < rows.length; i += ROWS_PER_SAVE) {
      await saveRows(manager, rows.slice(i, i + ROWS_PER_SAVE), totals);
    }
    if (rows.length === 0) await saveRows(manager, [], totals);
    await recountTotals(manager);
    return { replaced: rows.length, told };
  });
}

/**
 * The rows of the usernames, and of every other username that their users have or had: a user's rows are written up to one version all
 * together, or the live consumer would skip what one of them lacks.
 */
async function completeUsers(replay: Replay, manager: EntityManager, usernames: ReadonlySet<UsernameKey>) {
  const namesOf = new Map<SmtpUserId, UsernameKey[]>();
  for (const { smtpUserId, usernameKey } of replay.holdings.rows())
    namesOf.set(smtpUserId, [...(namesOf.get(smtpUserId) ?? []), usernameKey]);
  const complete = new Set(usernames);
  const built: PolicyRow[] = [];
  // Grows while it is read.
  for (const username of complete) {
    for (const row of replay.holdings.rowsOf(username)) {
      built.push(row);
      for (const name of namesOf.get(row.smtpUserId) ?? []) complete.add(name);
    }
  }
  return { built, live: await loadRowsOf(manager, [...complete]) };
}

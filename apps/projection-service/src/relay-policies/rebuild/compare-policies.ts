import { EMPTY_DIGEST, xorDigest, digestToHex, type Digest64, type UsernameKey } from '@postern/contracts';
import { isBehind, JOURNAL_SOURCE, loadCheckpoint } from '@postern/event-store';
import { lookAgain, type Comparison, type Difference, type MovingRow } from '@postern/read-models';
import type { DataSource, QueryRunner } from 'typeorm';
import { totalsOf, type TotalsRecord } from '../policy-totals.js';
import type { PolicyRow } from '../project/policy-row.js';
import { loadRowsOf, readAllRows } from '../project/policy-table.js';
import { POLICIES_CONSUMER } from '../whole.js';
import { hasRevision, keyOf, sameRow } from './differences.js';
import type { Replay } from './replay.js';

const TABLE = 'relay_policies';
const CHECKPOINTS = 'projection.checkpoints';

/** The live policies, compared with the replayed ones. */
export interface ComparedPolicies {
  readonly comparison: Comparison;
  /** Every username of which a row is not as the journal has it. */
  readonly usernames: ReadonlySet<UsernameKey>;
  /** The live totals are those of the live rows. */
  readonly totalsFit: boolean;
}

/**
 * Compares each live row with the journal's state at the row's own version. It locks nothing and has no transaction id: the live rows
 * are read from one snapshot, and those at another version are looked at again. `projection` is connected as `postern_projection`.
 */
export async function comparePolicies(
  replay: Replay,
  projection: DataSource,
  examples: number,
  patienceMs: number,
): Promise<ComparedPolicies> {
  await replay.catchUp();
  const first = replay.position;
  const { unequal, totals, totalsFit } = await readLive(replay, projection);
  const usernameOf = new Map(unequal.map(({ key, username }) => [key, username]));
  const again = await lookAgain(
    unequal.filter(({ kind }) => kind !== 'different'),
    {
      until: performance.now() + patienceMs,
      hasApplied: async () =>
        !isBehind(first, await loadCheckpoint(projection, CHECKPOINTS, POLICIES_CONSUMER, JOURNAL_SOURCE)),
      look: async (keys) => {
        await replay.catchUp();
        const usernames = new Set(keys.map((key) => usernameOf.get(key)).filter((each) => each !== undefined));
        const live = await loadRowsOf(projection.manager, [...usernames]);
        return unequalRows(replay, live, usernames).filter(({ key }) => usernameOf.has(key));
      },
    },
  );
  const differing: Difference[] = [...unequal.filter(({ kind }) => kind === 'different'), ...again];
  if (!totalsFit) differing.push({ table: 'relay_policy_totals', key: 'totals', kind: 'different' });
  const compared = {
    table: TABLE,
    group: null,
    live: totals,
    journal: replay.totals.policies,
    differing: differing.length,
  };
  return {
    comparison: {
      model: 'relay-policies',
      position: replay.position.position,
      events: replay.events,
      compared: [compared],
      differences: differing.slice(0, examples).map(({ table, key, kind }) => ({ table, key, kind })),
    },
    usernames: new Set(differing.map(({ key }) => usernameOf.get(key)).filter((each) => each !== undefined)),
    totalsFit,
  };
}

interface UnequalRow extends MovingRow {
  readonly username: UsernameKey;
}

/** One pass over the live table, in one snapshot. */
async function readLive(replay: Replay, projection: DataSource) {
  const runner = projection.createQueryRunner();
  await runner.startTransaction('REPEATABLE READ');
  try {
    const unequal: UnequalRow[] = [];
    const seen = new Set<PolicyRow>();
    let digest: Digest64 = EMPTY_DIGEST;
    let policies = 0;
    for await (const live of readAllRows(runner)) {
      const built = builtRow(replay, live);
      if (built) seen.add(built);
      const found = judge(live, built);
      if (found) unequal.push(found);
      if (!hasRevision(live)) continue;
      digest = xorDigest(digest, live.digest);
      policies += live.removed ? 0 : 1;
    }
    for (const row of replay.holdings.rows()) if (!seen.has(row)) unequal.push(missing(row));
    const totals = await readTotals(runner);
    const totalsFit = totals.policies === policies && digestToHex(totals.digest) === digestToHex(digest);
    return { unequal, totals: totals.policies, totalsFit };
  } finally {
    if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
    await runner.release();
  }
}

async function readTotals(runner: QueryRunner) {
  const [record] = (await runner.query(
    'SELECT revision, policies, digest FROM projection.relay_policy_totals',
  )) as TotalsRecord[];
  if (!record)
    throw new Error('projection.relay_policy_totals has lost its row. Restore it from a backup of this database.');
  return totalsOf(record);
}

function unequalRows(replay: Replay, live: readonly PolicyRow[], usernames: ReadonlySet<UsernameKey>): UnequalRow[] {
  const known = new Set(live.map(keyOf));
  const found = live.map((row) => judge(row, builtRow(replay, row))).filter((row) => row !== null);
  for (const username of usernames) {
    for (const row of replay.holdings.rowsOf(username)) if (!known.has(keyOf(row))) found.push(missing(row));
  }
  return found;
}

function builtRow(replay: Replay, live: PolicyRow): PolicyRow | undefined {
  return replay.holdings.rowsOf(live.usernameKey).find((each) => each.smtpUserId === live.smtpUserId);
}

/** Null where they are equal. Which row of a username relays are sent depends on other users' versions too. */
function judge(live: PolicyRow, built: PolicyRow | undefined): UnequalRow | null {
  const row = { table: TABLE, key: keyOf(live), username: live.usernameKey, version: versionOf(live) };
  if (!built) return isGone(live) ? null : { ...row, kind: 'extra' };
  if (live.version !== built.version) return { ...row, kind: 'behind' };
  if (!sameRow(live, built)) return { ...row, kind: 'different' };
  return hasRevision(live) === hasRevision(built) ? null : { ...row, kind: 'behind' };
}

function missing(row: PolicyRow): UnequalRow {
  return { table: TABLE, key: keyOf(row), username: row.usernameKey, version: null, kind: 'missing' };
}

function versionOf(live: PolicyRow): string {
  return `${live.version} ${live.revision ?? ''}`;
}

/** The tombstone of a row that the journal knows nothing of: an earlier rebuild left it, so that relays hear that it is gone. */
function isGone(row: PolicyRow): boolean {
  return row.removed && row.rules.entries.length === 0;
}

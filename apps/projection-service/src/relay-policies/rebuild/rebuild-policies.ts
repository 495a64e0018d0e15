import { digestToHex } from '@postern/contracts';
import { DEFAULT_PARTITIONS } from '@postern/event-bus';
import { advanceCheckpoint, isBehind, JOURNAL_SOURCE, loadCheckpoint } from '@postern/event-store';
import type { Comparison } from '@postern/read-models';
import type { DataSource } from 'typeorm';
import type { PolicyTotals } from '../policy-totals.js';
import { loadRowsOf, lockTotals, saveRows } from '../project/policy-table.js';
import { POLICIES_CONSUMER } from '../whole.js';
import { comparePolicies, livePlace, type ComparedPolicies } from './compare-policies.js';
import { differences } from './differences.js';
import { Replay } from './replay.js';

const ROWS_PER_SAVE = 1_000;
const CHECKPOINTS = 'projection.checkpoints';

export interface RebuildPoliciesOptions {
  readonly examples?: number;
  /** Of the topic, where Kafka is between the services. */
  readonly partitions?: number;
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
 * Makes the relay policies anew from the whole journal while Postern runs, in this process's memory, compares them with the live ones,
 * and puts right what differs, in one transaction. What is equal keeps its revision, so relays are told the differences alone
 * and take no snapshot. Killed before that transaction it has changed nothing; after it there is nothing to do.
 * `feed` is connected as `postern_feed`, `projection` as `postern_projection`. `tell` is told the progress.
 */
export async function rebuildPolicies(
  feed: DataSource,
  projection: DataSource,
  { examples = 0, partitions = DEFAULT_PARTITIONS, tell }: RebuildPoliciesOptions = {},
): Promise<RebuildResult> {
  const replay = new Replay(feed, tell);
  const found = await comparePolicies(replay, projection, examples, partitions);
  tell?.(`relay-policies: ${replay.events} events applied; ${found.usernames.size} usernames differ from the journal`);
  const [compared] = found.comparison.compared;
  const right = found.usernames.size === 0 && compared?.live.digest === compared?.journal.digest;
  const put =
    right && compared?.live.rows === compared?.journal.rows
      ? NOTHING
      : await putRight(replay, projection, found, partitions);
  await settlePartitions(replay, projection, partitions);
  return { events: replay.events, policies: replay.totals.policies, ...put, found: found.comparison };
}

const NOTHING = { replaced: 0, told: 0 };

/** The live consumer waits for no more than the rows that differ. What it has done since the comparison, the replay does too. */
function putRight(
  replay: Replay,
  projection: DataSource,
  { usernames }: ComparedPolicies,
  partitions: number,
): Promise<typeof NOTHING> {
  return projection.transaction(async (manager) => {
    const before = await lockTotals(manager);
    await manager.query(`SELECT FROM projection.checkpoints WHERE consumer = $1 FOR UPDATE`, [POLICIES_CONSUMER]);
    await replay.catchUp(await livePlace(manager, partitions));
    const built = [...usernames].flatMap((username) => replay.holdings.rowsOf(username));
    const live = await loadRowsOf(manager, [...usernames]);
    const { rows, told, revision } = differences(live, built, before.revision);
    const totals = { ...replay.totals, revision };
    for (let i = 0; i < rows.length; i += ROWS_PER_SAVE) {
      await saveRows(manager, rows.slice(i, i + ROWS_PER_SAVE), totals);
    }
    if (rows.length === 0 && !sameTotals(before, totals)) await saveRows(manager, [], totals);
    return { replaced: rows.length, told };
  });
}

/**
 * Where the live consumer reads partitions and has applied all up to one place of the feed, the place is written down as such: what
 * is known of the partitions decides no more, so that their number may be changed.
 */
function settlePartitions(replay: Replay, projection: DataSource, partitions: number): Promise<void> {
  return projection.transaction(async (manager) => {
    await lockTotals(manager);
    await manager.query(`SELECT FROM projection.checkpoints WHERE consumer = $1 FOR UPDATE`, [POLICIES_CONSUMER]);
    await replay.catchUp(await livePlace(manager, partitions));
    const from = await loadCheckpoint(manager, CHECKPOINTS, POLICIES_CONSUMER, JOURNAL_SOURCE);
    if (!replay.isWhole || !isBehind(replay.position, from)) return;
    const move = { consumer: POLICIES_CONSUMER, source: JOURNAL_SOURCE, from, to: replay.position };
    await advanceCheckpoint(manager, CHECKPOINTS, move);
  });
}

function sameTotals(a: PolicyTotals, b: PolicyTotals): boolean {
  return a.policies === b.policies && digestToHex(a.digest) === digestToHex(b.digest);
}

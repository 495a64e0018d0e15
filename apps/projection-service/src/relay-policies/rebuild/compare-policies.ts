import { digestToHex, type UsernameKey } from '@postern/contracts';
import { loadLivePlace, type Comparison, type Difference, type LivePlace } from '@postern/read-models';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { totalsOf, type TotalsRecord } from '../policy-totals.js';
import type { PolicyRow } from '../project/policy-row.js';
import { readAllRows } from '../project/policy-table.js';
import { POLICIES_CONSUMER } from '../whole.js';
import { keyOf, sameRow } from './differences.js';
import type { Replay } from './replay.js';

/** The live policies beside the replayed ones. */
export interface ComparedPolicies {
  readonly comparison: Comparison;
  /** Every username of which a row is not as the journal has it. */
  readonly usernames: ReadonlySet<UsernameKey>;
}

/**
 * Compares the live relay policies with the journal at the place up to which their consumer had come. It locks nothing and has
 * no transaction id: the live ones are read from one snapshot, and the replay is brought to just that place.
 * `projection` is connected as `postern_projection`.
 */
export async function comparePolicies(
  replay: Replay,
  projection: DataSource,
  examples: number,
  partitions: number,
): Promise<ComparedPolicies> {
  // The long way, before there is a snapshot to keep open.
  await replay.catchUp(await livePlace(projection, partitions));
  const runner = projection.createQueryRunner();
  await runner.startTransaction('REPEATABLE READ');
  try {
    const place = await livePlace(runner.manager, partitions);
    await replay.catchUp(place);
    return await compareAt(place, replay, runner, examples);
  } finally {
    if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
    await runner.release();
  }
}

export function livePlace(from: DataSource | EntityManager, partitions: number): Promise<LivePlace> {
  return loadLivePlace(from, 'projection.checkpoints', POLICIES_CONSUMER, partitions);
}

async function compareAt(
  place: LivePlace,
  replay: Replay,
  runner: QueryRunner,
  examples: number,
): Promise<ComparedPolicies> {
  const usernames = new Set<UsernameKey>();
  const differences: Difference[] = [];
  const differs = (row: PolicyRow, kind: Difference['kind']): void => {
    usernames.add(row.usernameKey);
    if (differences.length < examples) differences.push({ table: 'relay_policies', key: keyOf(row), kind });
  };
  const seen = new Set<PolicyRow>();
  for await (const live of readAllRows(runner)) {
    const row = replay.holdings.rowsOf(live.usernameKey).find((each) => each.smtpUserId === live.smtpUserId);
    if (row) seen.add(row);
    if (!row) {
      if (!isGone(live)) differs(live, 'extra');
    } else if (!sameRow(live, row)) differs(live, 'different');
  }
  for (const row of replay.holdings.rows()) if (!seen.has(row)) differs(row, 'missing');
  const [record] = (await runner.query(
    'SELECT revision, policies, digest FROM projection.relay_policy_totals',
  )) as TotalsRecord[];
  const live = record ? totalsOf(record) : null;
  const compared = {
    table: 'relay_policies',
    group: null,
    live: { rows: live?.policies ?? 0, digest: live ? digestToHex(live.digest) : '' },
    journal: { rows: replay.totals.policies, digest: digestToHex(replay.totals.digest) },
  };
  const found = { position: place.end.position, events: replay.events, compared: [compared], differences };
  return { comparison: { model: 'relay-policies', ...found }, usernames };
}

/** The tombstone of a row that the journal knows nothing of: an earlier rebuild left it, so that relays hear that it is gone. */
function isGone(row: PolicyRow): boolean {
  return row.removed && row.rules.entries.length === 0;
}

import { TOPIC_OF_CATEGORY, TOPICS, type Recorded, type SmtpUserEvent, type StreamCategory } from '@postern/contracts';
import {
  advanceCheckpoint,
  FEED_START,
  loadCheckpoint,
  readFeed,
  samePosition,
  type FeedPosition,
} from '@postern/event-store';
import type { DataSource, EntityManager } from 'typeorm';
import { Holdings } from '../project/holdings.js';
import { loadAllRows, lockTotals, saveRows } from '../project/policy-table.js';
import { tellPolicies } from '../project/tell-policies.js';
import { differences } from './differences.js';

/** Enough that the round trips do not count; a page is some 10 MB. */
const EVENTS_PER_PAGE = 10_000;
const ROWS_PER_SAVE = 1_000;
const CATEGORIES = (Object.keys(TOPIC_OF_CATEGORY) as StreamCategory[]).filter(
  (category) => TOPIC_OF_CATEGORY[category] === TOPICS.smtpUsers,
);
const TABLE = 'projection.checkpoints';
const CHECKPOINT = { consumer: 'relay-policies', source: 'journal' };

export interface RebuildResult {
  /** Events of SMTP users that were replayed. */
  readonly events: number;
  /** Policies that are not removed, after it. */
  readonly policies: number;
  /** Rows that were not as the journal has it, and were replaced. */
  readonly replaced: number;
  /** Of those, the ones that relays are told: each got a new revision. */
  readonly told: number;
}

/**
 * Makes the relay policies anew from the whole journal while Postern runs, in this process's memory,
 * and puts right what differs from the live ones, in one transaction. What is equal keeps its revision, so relays are told the
 * differences alone and take no snapshot. Killed before that transaction it has changed nothing; after it there is nothing to do.
 * `feed` is connected as `postern_feed`, `projection` as `postern_projection`.
 */
export async function rebuildPolicies(feed: DataSource, projection: DataSource): Promise<RebuildResult> {
  const next = new Replay(feed);
  // While the live consumer goes on; what comes in meanwhile is little.
  await next.catchUp();
  return projection.transaction(async (manager) => {
    // From here on the live consumer waits, so that both are compared at one place of the feed.
    const before = await lockTotals(manager);
    await manager.query(
      `SELECT FROM ${TABLE} WHERE consumer = $1 AND source = $2 FOR UPDATE`,
      Object.values(CHECKPOINT),
    );
    const from = await loadCheckpoint(manager, TABLE, CHECKPOINT.consumer, CHECKPOINT.source);
    await next.catchUp();
    const built = tellPolicies(next.holdings, { ...before, policies: 0, digest: { high: 0, low: 0 } });
    const { rows, told, revision } = differences(await loadAllRows(manager), built.rows, before.revision);
    const totals = { ...built.totals, revision };
    for (let i = 0; i < rows.length; i += ROWS_PER_SAVE)
      await saveRows(manager, rows.slice(i, i + ROWS_PER_SAVE), totals);
    if (rows.length === 0) await saveRows(manager, [], totals);
    await moveCheckpoint(manager, from, next.position);
    return { events: next.events, policies: totals.policies, replaced: rows.length, told };
  });
}

/** The live consumer finds its checkpoint moved, and goes on from there. */
async function moveCheckpoint(manager: EntityManager, from: FeedPosition, to: FeedPosition): Promise<void> {
  if (!samePosition(from, to)) await advanceCheckpoint(manager, TABLE, { ...CHECKPOINT, from, to });
}

/** Every policy as the journal has it up to `position`. */
export class Replay {
  readonly holdings = new Holdings([]);
  position: FeedPosition = FEED_START;
  events = 0;

  constructor(private readonly feed: DataSource) {}

  async catchUp(): Promise<void> {
    for (;;) {
      const page = await readFeed(this.feed, this.position, EVENTS_PER_PAGE, CATEGORIES);
      for (const event of page.events) this.holdings.apply(event as Recorded<SmtpUserEvent>);
      this.events += page.events.length;
      this.position = page.position;
      if (!page.more) return;
    }
  }
}

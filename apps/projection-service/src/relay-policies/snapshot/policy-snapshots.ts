import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { digestToHex } from '@postern/contracts';
import { countLimited } from '@postern/access';
import { Problem } from '@postern/http';
import type { DataSource, QueryRunner } from 'typeorm';
import { snapshotBuilds, snapshotsOpen, snapshotsTotal } from '../../consumers/projection-metrics.js';
import { totalsOf, type PolicyTotals, type TotalsRecord } from '../policy-totals.js';
import { policiesNotReady } from '../policies-not-ready.js';
import { POLICIES_COMPLETE } from '../policies-complete.js';
import { gzipStream } from './gzip-segments.js';
import { FIRST_ID, LAST_ID, readSegments, SharedSnapshot, type PolicySegment } from './shared-snapshot.js';

/** More relays get `too-many-requests`. Each reader has a socket and its buffers. */
export const SNAPSHOT_READERS = 256;
/** Snapshots that readers use, with the latest. Beyond this, relays get the latest, and changes by the stream. */
export const SNAPSHOTS_KEPT = 4;
/** After more changed policies, or a larger share of changed segments, all are read again. */
const MOST_CHANGES = 50_000;
const MOST_CHANGED_SEGMENTS = 0.25;

export interface PolicySnapshot {
  readonly totals: PolicyTotals;
  readonly chunks: AsyncIterable<Buffer>;
  /** Must be called in any case; repeated calls are safe. */
  close(): void;
}

/** The process's snapshot: read once, shared by all readers, partly renewed when a reader connects after changes. */
@Injectable()
export class PolicySnapshots implements OnModuleDestroy {
  private readonly logger = new Logger('relay-policies');
  private latest: SharedSnapshot | null = null;
  private renewing: Promise<SharedSnapshot> | null = null;
  private filling: Promise<void> = Promise.resolve();
  private readonly readers = new Map<SharedSnapshot, number>();
  private stopping = false;

  constructor(@InjectDataSource('postern_relay_reader') private readonly reader: DataSource) {}

  async totals(): Promise<PolicyTotals> {
    return readTotals(this.reader);
  }

  /** @throws `too-many-requests` if too many relays are reading, `not-ready` if the policies are not complete. */
  async open(): Promise<PolicySnapshot> {
    const snapshot = await this.current();
    if ([...this.readers.values()].reduce((sum, readers) => sum + readers, 0) >= SNAPSHOT_READERS) {
      countLimited('policy-snapshots');
      snapshotsTotal.inc({ outcome: 'refused' });
      throw new Problem(
        'too-many-requests',
        'Many relays are reading a snapshot. Send the request again after Retry-After.',
        {
          headers: { 'retry-after': '5' },
        },
      );
    }
    snapshotsTotal.inc({ outcome: 'begun' });
    snapshotsOpen.inc();
    this.readers.set(snapshot, (this.readers.get(snapshot) ?? 0) + 1);
    let closed = false;
    const close = (): void => {
      if (closed) return;
      closed = true;
      snapshotsOpen.dec();
      const left = (this.readers.get(snapshot) ?? 1) - 1;
      if (left > 0) this.readers.set(snapshot, left);
      else this.readers.delete(snapshot);
    };
    return { totals: snapshot.totals, chunks: gzipStream(snapshot.read()), close };
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping = true;
    await this.renewing?.catch(() => undefined);
    await this.filling;
  }

  /** With everything committed before the call; or the latest one, while one is being read or too many are kept. */
  private async current(): Promise<SharedSnapshot> {
    const newest = await readTotals(this.reader);
    const { latest } = this;
    if (latest && latest.state !== 'failed') {
      if (sameTotals(latest.totals, newest) || latest.state === 'growing') return latest;
      const others = [...this.readers.keys()].filter((snapshot) => snapshot !== latest).length;
      if (others + 1 >= SNAPSHOTS_KEPT) return latest;
    }
    // The running renewal may have begun before the last change.
    const begun = await this.renewing;
    if (begun && begun.totals.revision >= newest.revision) return begun;
    this.renewing ??= this.renew().finally(() => (this.renewing = null));
    return this.renewing;
  }

  private async renew(): Promise<SharedSnapshot> {
    const runner = this.reader.createQueryRunner();
    try {
      // One instant for totals and lines. It has no transaction id, so readers of the feed do not wait for it.
      await runner.startTransaction('REPEATABLE READ');
      const totals = await readTotals(runner);
      const changed = this.latest?.state === 'complete' ? await changedSegments(runner, this.latest) : null;
      if (this.latest && changed) {
        const snapshot = await renewed(runner, totals, this.latest, changed);
        if (snapshot.fits) {
          snapshotBuilds.inc({ extent: 'changes' });
          this.latest = snapshot;
          await giveBack(runner);
          return snapshot;
        }
        this.logger.warn({ msg: 'the changes do not match the previous snapshot; all policies are read again' });
      }
      snapshotBuilds.inc({ extent: 'all' });
      const snapshot = new SharedSnapshot(totals);
      this.latest = snapshot;
      this.filling = this.fill(runner, snapshot);
      return snapshot;
    } catch (error) {
      await giveBack(runner);
      throw error;
    }
  }

  private async fill(runner: QueryRunner, snapshot: SharedSnapshot): Promise<void> {
    try {
      for await (const segment of readSegments(runner, FIRST_ID, LAST_ID)) {
        if (this.stopping) throw new Error('The process ends.');
        snapshot.add(segment);
      }
      snapshot.end('complete');
      if (!snapshot.fits)
        this.logger.error({ msg: 'the relay policies do not match their totals: run `postern verify`' });
    } catch (error) {
      snapshot.end('failed');
      if (!this.stopping) this.logger.warn({ msg: 'cannot read a snapshot of the relay policies', err: String(error) });
    } finally {
      await giveBack(runner);
    }
  }
}

async function giveBack(runner: QueryRunner): Promise<void> {
  if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
  await runner.release();
}

async function readTotals(from: { query(sql: string): Promise<unknown> }): Promise<PolicyTotals> {
  const [record] = (await from.query(TOTALS)) as (TotalsRecord & { readonly complete: boolean })[];
  if (record?.complete !== true) throw policiesNotReady();
  return totalsOf(record);
}

const TOTALS = `SELECT revision, policies, digest, ${POLICIES_COMPLETE} AS complete FROM projection.relay_policy_totals`;

function sameTotals(a: PolicyTotals, b: PolicyTotals): boolean {
  return a.revision === b.revision && a.policies === b.policies && digestToHex(a.digest) === digestToHex(b.digest);
}

/** The segments that differ from the table; null if there are so many that all are read again. */
async function changedSegments(runner: QueryRunner, before: SharedSnapshot): Promise<Set<PolicySegment> | null> {
  const { segments } = before;
  const ids = (await runner.query(CHANGED, [before.totals.revision, MOST_CHANGES + 1])) as { readonly id: string }[];
  if (ids.length > MOST_CHANGES || segments.length === 0) return null;
  const changed = new Set(ids.map(({ id }) => segments[segmentOf(segments, id)] as PolicySegment));
  return changed.size > Math.max(1, MOST_CHANGED_SEGMENTS * segments.length) ? null : changed;
}

function segmentOf(segments: readonly PolicySegment[], id: string): number {
  let [low, high] = [0, segments.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((segments[middle] as PolicySegment).after < id) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The users whose lines changed: a username's row has a new revision, or lost it to another user's row. */
const CHANGED = `
  WITH changed AS MATERIALIZED (
       SELECT smtp_user_id, username_key FROM projection.relay_policies WHERE revision > $1 ORDER BY revision LIMIT $2)
  SELECT smtp_user_id::text AS id FROM changed
   UNION SELECT smtp_user_id::text FROM projection.relay_policies
          WHERE revision IS NULL AND username_key = ANY (ARRAY (SELECT username_key FROM changed))
   LIMIT $2`;

async function renewed(
  runner: QueryRunner,
  totals: PolicyTotals,
  { segments }: SharedSnapshot,
  changed: ReadonlySet<PolicySegment>,
): Promise<SharedSnapshot> {
  const snapshot = new SharedSnapshot(totals);
  for (const [i, segment] of segments.entries()) {
    if (!changed.has(segment)) snapshot.add(segment);
    else {
      const after = i === 0 ? FIRST_ID : segment.after;
      for await (const each of readSegments(runner, after, segments[i + 1]?.after ?? LAST_ID)) snapshot.add(each);
    }
  }
  snapshot.end('complete');
  return snapshot;
}

import { isDeepStrictEqual } from 'node:util';
import { Inject, Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { countLimited } from '@postern/access';
import { roleUrl, withSession } from '@postern/database';
import { Problem } from '@postern/http';
import { SETTINGS, type RuntimeSettings } from '@postern/settings';
import type { DataSource } from 'typeorm';
import { snapshotBuilds, snapshotsOpen, snapshotsTotal } from '../../consumers/projection-metrics.js';
import { loadTotals } from '../load-totals.js';
import type { PolicyTotals } from '../published-policies.js';
import { SharedSnapshot } from './shared-snapshot.js';

/** More relays get `too-many-requests`. Each reader has a socket and its buffers. */
export const SNAPSHOT_READERS = 256;
/** Snapshots that readers use, with the latest. Beyond this, relays get the latest, and changes by the stream. */
export const SNAPSHOTS_KEPT = 4;
/** Readers have no longer either. */
const READ_TIMEOUT_MS = 600_000;
/** All readers wait for the totals of a new snapshot. */
const BEGIN_TIMEOUT_MS = 5_000;

export interface PolicySnapshot {
  readonly totals: PolicyTotals;
  readonly chunks: AsyncIterable<Buffer>;
  /** Must be called in any case; repeated calls are safe. */
  close(): void;
}

/** The process's snapshot: read from the database once for all readers that connect before the next change, or while it grows. */
@Injectable()
export class PolicySnapshots implements OnModuleDestroy {
  private readonly logger = new Logger('relay-policies');
  private readonly url: string;
  private readonly stop = new AbortController();
  private readonly readers = new Set<{ readonly snapshot: SharedSnapshot }>();
  private latest: SharedSnapshot | null = null;
  private beginning: Promise<SharedSnapshot> | null = null;
  private reading: Promise<void> = Promise.resolve();

  constructor(
    @InjectDataSource('postern_relay_reader') private readonly reader: DataSource,
    @Inject(SETTINGS) settings: RuntimeSettings,
  ) {
    this.url = roleUrl(settings.databaseUrl, 'postern_relay_reader');
  }

  /** @throws `not-ready` if the policies are not complete. */
  totals(): Promise<PolicyTotals> {
    return loadTotals((sql) => this.reader.query(sql));
  }

  /** @throws `too-many-requests` if too many relays are reading, `not-ready` if the policies are not complete. */
  async open(): Promise<PolicySnapshot> {
    const snapshot = await this.current();
    if (this.readers.size >= SNAPSHOT_READERS) {
      countLimited('policy-snapshots');
      snapshotsTotal.inc({ outcome: 'refused' });
      throw new Problem(
        'too-many-requests',
        'Many relays are reading a snapshot. Send the request again after Retry-After.',
        { headers: { 'retry-after': '5' } },
      );
    }
    snapshotsTotal.inc({ outcome: 'begun' });
    snapshotsOpen.inc();
    const reader = { snapshot };
    this.readers.add(reader);
    const close = (): void => {
      if (this.readers.delete(reader)) snapshotsOpen.dec();
    };
    return { totals: snapshot.totals, chunks: snapshot.read(), close };
  }

  async onModuleDestroy(): Promise<void> {
    this.stop.abort();
    await this.reading;
  }

  /** With everything committed before the call; or the latest one, while one is being read or too many are kept. */
  private async current(): Promise<SharedSnapshot> {
    const totals = await this.totals();
    const { latest } = this;
    if (latest && latest.state !== 'failed') {
      if (latest.state === 'growing' || isDeepStrictEqual(latest.totals, totals)) return latest;
      const kept = new Set([latest, ...[...this.readers].map(({ snapshot }) => snapshot)]);
      if (kept.size >= SNAPSHOTS_KEPT) return latest;
    }
    this.beginning ??= this.begin().finally(() => (this.beginning = null));
    return this.beginning;
  }

  /** Resolves when the new snapshot has its totals; it then grows. */
  private begin(): Promise<SharedSnapshot> {
    const { promise, resolve, reject } = Promise.withResolvers<SharedSnapshot>();
    const read = withSession(this.url, async (client) => {
      // One instant for totals and lines. It has no transaction id, so readers of the feed do not wait for it.
      // There is no statement time-out: only this ends the wait for a silent server.
      const silent = setTimeout(() => void client.end(), BEGIN_TIMEOUT_MS).unref();
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0');
      const snapshot = new SharedSnapshot(await loadTotals(async (sql) => (await client.query(sql)).rows));
      clearTimeout(silent);
      snapshotBuilds.inc();
      this.latest = snapshot;
      resolve(snapshot);
      await snapshot.fill(client, AbortSignal.any([this.stop.signal, AbortSignal.timeout(READ_TIMEOUT_MS)]));
    });
    this.reading = read.catch((error: unknown) => {
      reject(error);
      if (!this.stop.signal.aborted)
        this.logger.warn({ msg: 'cannot read a snapshot of the relay policies', err: String(error) });
    });
    return promise;
  }
}

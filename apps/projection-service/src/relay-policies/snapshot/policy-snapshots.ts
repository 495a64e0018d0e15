import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { Semaphore } from '@postern/async';
import { countLimited } from '@postern/access';
import { Problem } from '@postern/http';
import type { DataSource, QueryRunner } from 'typeorm';
import { snapshotsOpen, snapshotsTotal } from '../../consumers/projection-metrics.js';
import { POLICY_LINES } from '../policy-lines.js';
import { totalsOf, type PolicyTotals, type TotalsRecord } from '../policy-totals.js';
import { policiesNotReady, POLICIES_WHOLE } from '../whole.js';

/** Each has a database connection for as long as its reader takes. */
export const SNAPSHOTS_AT_ONCE = 4;
/** Relays that start all at once wait their turn; beyond this, they are told to come again. */
export const MAX_SNAPSHOTS_WAITING = 64;
/** A full allow list makes a line of some 60 kB, so a page is at most 30 MB, and as a rule 150 kB. */
const LINES_PER_PAGE = 512;

/** All policies as they stood at one instant. */
export interface PolicySnapshot {
  readonly totals: PolicyTotals;
  /** NDJSON, some hundred lines a chunk. */
  readonly chunks: AsyncIterable<Buffer>;
  /** Must be called, once or more, whatever happened. */
  close(): Promise<void>;
}

@Injectable()
export class PolicySnapshots {
  private readonly permits = new Semaphore(SNAPSHOTS_AT_ONCE, MAX_SNAPSHOTS_WAITING);

  constructor(@InjectDataSource('postern_relay_reader') private readonly reader: DataSource) {}

  /** Throws `too-many-requests` where too many relays wait for one already, `not-ready` where the policies are not whole. */
  async open(): Promise<PolicySnapshot> {
    const release = await this.permits.acquire();
    if (!release) {
      countLimited('policy-snapshots');
      snapshotsTotal.inc({ outcome: 'refused' });
      throw new Problem(
        'too-many-requests',
        'Many relays take a snapshot at this moment. Try again in a few seconds.',
        {
          headers: { 'retry-after': '5' },
        },
      );
    }
    snapshotsTotal.inc({ outcome: 'begun' });
    snapshotsOpen.inc();
    const runner = this.reader.createQueryRunner();
    let closed = false;
    const close = async (): Promise<void> => {
      if (!closed) snapshotsOpen.dec();
      closed = true;
      release();
      if (runner.isReleased) return;
      // The connection may be gone; then there is nothing to roll back.
      if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
      if (!runner.isReleased) await runner.release();
    };
    try {
      // One instant for totals and lines. It has no transaction id, so that no reader of the feed waits for it.
      await runner.startTransaction('REPEATABLE READ');
      const [record] = (await runner.query(TOTALS)) as (TotalsRecord & { readonly whole: boolean })[];
      if (record?.whole !== true) throw policiesNotReady();
      await runner.query(CURSOR);
      return { totals: totalsOf(record), chunks: chunks(runner), close };
    } catch (error) {
      await close();
      throw error;
    }
  }
}

const TOTALS = `SELECT revision, policies, digest, ${POLICIES_WHOLE} AS whole FROM projection.relay_policy_totals`;
const CURSOR = `
  DECLARE snapshot NO SCROLL CURSOR FOR
   SELECT row_to_json(line)::text AS line FROM (${POLICY_LINES} WHERE revision IS NOT NULL AND NOT removed) line`;

async function* chunks(runner: QueryRunner): AsyncGenerator<Buffer> {
  for (;;) {
    const records = (await runner.query(`FETCH ${LINES_PER_PAGE} FROM snapshot`)) as { line: string }[];
    if (records.length > 0) yield Buffer.from(records.map(({ line }) => `${line}\n`).join(''));
    if (records.length < LINES_PER_PAGE) return;
  }
}

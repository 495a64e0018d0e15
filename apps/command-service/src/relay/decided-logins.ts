import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { type EntryId, MAX_LOGINS_PER_REPORT, newId } from '@postern/contracts';
import { type LoginBatch, type LoginRecord, storeLogins } from '@postern/observed-logins';
import type { DataSource } from 'typeorm';
import type { SmtpUserRef } from '../smtp-user/target.js';
import { droppedLoginsTotal } from '../write/metrics.js';
import type { RequestContext } from '../write/request-context.js';

const STORE_EVERY_MS = 10_000;
const MAX_RECORDS = 50_000;
const HOUR_MS = 3_600_000;

type Relay = Pick<RequestContext['actor'], 'keyId' | 'name'>;
type Counted = { -readonly [Name in keyof LoginRecord]: LoginRecord[Name] };

/** Logins that `POST /v1/relay/decisions` lets through. A killed process loses the last ten seconds. */
@Injectable()
export class DecidedLogins implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('decided-logins');
  private counted = new Map<string, { readonly relay: Relay; readonly record: Counted }>();
  private readonly waiting: LoginBatch[] = [];
  private waitingRecords = 0;
  private timer: NodeJS.Timeout | undefined;
  private round: Promise<void> = Promise.resolve();

  constructor(@InjectDataSource('postern_logins_writer') private readonly writer: DataSource) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.store(), STORE_EVERY_MS).unref();
  }

  /** @param ip canonical */
  count(relay: Relay, { smtpUserId, tenantId }: SmtpUserRef, ip: string, entryId: EntryId | null, at: Date): void {
    const hour = Math.floor(at.getTime() / HOUR_MS);
    const key = `${relay.keyId} ${smtpUserId} ${ip} ${hour} ${entryId}`;
    const found = this.counted.get(key);
    if (found) found.record.count++;
    else if (this.counted.size + this.waitingRecords >= MAX_RECORDS) droppedLoginsTotal.inc();
    else {
      const record = { smtpUserId, tenantId, ip, hour, count: 1, entryId, relay: relay.name };
      this.counted.set(key, { relay, record });
    }
  }

  /** Batches that cannot be stored wait. Each has an id, so a retry does not count it twice. */
  store(): Promise<void> {
    this.round = this.round.then(() =>
      this.storeAll().catch((error: unknown) => {
        this.logger.warn(`${this.waitingRecords} records of logins wait for the database: ${String(error)}`);
      }),
    );
    return this.round;
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.store();
  }

  private async storeAll(): Promise<void> {
    if (this.waiting.length === 0) this.queueCounted();
    for (let [batch] = this.waiting; batch !== undefined; [batch] = this.waiting) {
      await storeLogins(this.writer, batch);
      this.waiting.shift();
      this.waitingRecords -= batch.records.length;
    }
  }

  private queueCounted(): void {
    this.waitingRecords = this.counted.size;
    for (const logins of Map.groupBy(this.counted.values(), ({ relay }) => relay.keyId).values()) {
      for (let from = 0; from < logins.length; from += MAX_LOGINS_PER_REPORT) {
        const records = logins.slice(from, from + MAX_LOGINS_PER_REPORT).map(({ record }) => record);
        const { keyId, name } = (logins[0] as (typeof logins)[number]).relay;
        this.waiting.push({ keyId, batchId: newId(), relay: name, records });
      }
    }
    this.counted = new Map();
  }
}

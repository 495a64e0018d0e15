import { MAX_LOGINS_PER_REPORT, newId } from '@postern/contracts';
import type { LoginReport, SmtpUserId } from '@postern/contracts';
import { Backoff, WakeSignal } from '@postern/async';
import { ControlPlane, describe, refusedForGood, retryMs } from '../control-plane.js';
import { rangeText } from '../replica/range-text.js';
import { uuidText } from '../replica/record.js';
import type { Replica } from '../replica/replica.js';
import { sendReports } from '../send-reports.js';
import type { Settings } from '../settings.js';
import { LoginCounter, RECORD_WORDS } from './login-counter.js';

const HOUR_MS = 3_600_000;
/** Postern keeps the ids of batches for two days. A batch sent again after that would count twice. */
const LONGEST_WAIT_MS = 24 * HOUR_MS;

interface Batch {
  readonly batchId: string;
  readonly hour: string;
  /** `RECORD_WORDS` each. */
  readonly records: Uint32Array;
  /** By `elapsed`. */
  readonly takenAt: number;
}

/**
 * Sends the counted logins every minute. Without logins it sends an empty batch each hour, so that an idle relay differs from one that
 * does not report. A batch is sent again with the same id until Postern acknowledges it. Everything is in memory. Logins are dropped and
 * counted if they exceed the limits, wait for more than a day, or are refused for good.
 */
export class LoginReporter {
  /** Logins, like `counted` and `dropped`. */
  reported = 0;

  private givenUp = 0;
  private alarmedDrops = 0;
  private readonly waiting: Batch[] = [];
  private waitingRecords = 0;
  /** When the hour of the logins being counted began, in milliseconds since 1970. */
  private hour: number;
  /** When an empty batch is due, by `elapsed`. */
  private reportsIdleAt = Number.NEGATIVE_INFINITY;
  private failing = false;
  private stopping = false;
  private readonly counter = new LoginCounter(() => this.waitingRecords);
  private readonly aborting = new AbortController();
  private readonly signal = new WakeSignal();
  private readonly backoff: Backoff;
  private readonly plane: ControlPlane;
  private hourTimer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly settings: Settings) {
    this.plane = new ControlPlane(settings);
    this.backoff = new Backoff(settings.retryBaseMs, settings.retryMaxMs, 1);
    this.hour = this.hourNow();
  }

  get counted(): number {
    return this.counter.counted;
  }

  get dropped(): number {
    return this.counter.dropped + this.givenUp;
  }

  start(): void {
    this.endHour();
    this.running = this.run();
  }

  /** Counts the login that the replica decided last, and let through. */
  count(replica: Replica): void {
    if (!this.stopping) this.counter.count(replica);
  }

  retryNow(): void {
    if (this.failing) this.signal.wake();
  }

  /** Sends what was counted, once, for `deadlineMs` at most. Drops the rest. */
  async stop(deadlineMs: number): Promise<void> {
    this.stopping = true;
    clearTimeout(this.hourTimer);
    this.signal.wake();
    const timer = setTimeout(() => this.aborting.abort(), deadlineMs);
    await this.running;
    clearTimeout(timer);
    for (const batch of this.waiting) this.giveUp(batch);
  }

  private async run(): Promise<void> {
    // Relays that start together report at different times.
    await this.signal.wait(Math.random() * this.settings.reportLoginsEveryMs);
    for (let last = false; !last;) {
      last = this.stopping;
      const waitMs = await this.report(last);
      if (!last) await this.signal.wait(waitMs);
    }
  }

  /** Stops at the first batch that fails. Returns the milliseconds until the next attempt. */
  private async report(isLast: boolean): Promise<number> {
    const { elapsed, reportLoginsEveryMs } = this.settings;
    // While Postern cannot be reached, the counter keeps folding: one record per user, address and hour, not one per minute.
    if (this.waiting.length === 0 || isLast) this.queueCounted();
    if (this.waiting.length === 0 && elapsed() >= this.reportsIdleAt && !isLast) this.queue(new Uint32Array());
    this.alarmDrops();
    try {
      for (let [batch] = this.waiting; batch !== undefined; [batch] = this.waiting) {
        if (elapsed() - batch.takenAt > LONGEST_WAIT_MS) this.giveUp(batch);
        else await this.send(batch);
        this.waiting.shift();
        this.waitingRecords -= recordsOf(batch);
      }
      return reportLoginsEveryMs;
    } catch (error) {
      return this.failed(error);
    }
  }

  private async send(batch: Batch): Promise<void> {
    const { relayName, requestTimeoutMs, elapsed, onProblem } = this.settings;
    try {
      const logins = reportsOf(batch, relayName);
      const reports = {
        path: '/v1/relay/logins',
        body: { batchId: batch.batchId, logins },
        timeoutMs: requestTimeoutMs,
        signal: this.aborting.signal,
      };
      const rejected = await sendReports(this.plane, reports, (answer) => rejectedOf(answer, logins.length));
      this.reported += loginsOf(batch);
      if (rejected > 0) {
        const detail = `Postern rejected ${rejected} of ${logins.length} login records: their users are unknown, or their time is in the future or too old. Check the clock of this relay.`;
        onProblem({ code: 'logins-rejected', detail });
      }
    } catch (error) {
      if (!refusedForGood(error)) throw error;
      this.giveUp(batch);
      onProblem({
        code: 'logins-rejected',
        detail: `Postern rejected a batch of logins, which is not sent again: ${error.message}`,
      });
    }
    this.failing = false;
    this.backoff.reset();
    this.reportsIdleAt = elapsed() + HOUR_MS;
  }

  /** Reports only the first of several failures in a row. Returns the milliseconds until the next attempt. */
  private failed(error: unknown): number {
    if (this.aborting.signal.aborted) return 0;
    if (!this.failing) {
      const detail = `${this.waitingRecords} login records wait: ${describe(error)}`;
      this.settings.onProblem({ code: 'logins-not-accepted', detail });
    }
    this.failing = true;
    return retryMs(error, this.backoff, this.settings);
  }

  private giveUp(batch: Batch): void {
    this.givenUp += loginsOf(batch);
  }

  /** Called once per report, so that a flood of logins does not become a flood of alarms. */
  private alarmDrops(): void {
    if (this.dropped === this.alarmedDrops) return;
    this.alarmedDrops = this.dropped;
    const detail = `${this.dropped} logins were dropped so far, and are missing from the observed sources: too many addresses at once, or Postern could not be reached for too long.`;
    this.settings.onProblem({ code: 'logins-dropped', detail });
  }

  private queueCounted(): void {
    const records = this.counter.take();
    const batchWords = MAX_LOGINS_PER_REPORT * RECORD_WORDS;
    for (let at = 0; at < records.length; at += batchWords) this.queue(records.subarray(at, at + batchWords));
    this.hour = this.hourNow();
  }

  private queue(records: Uint32Array): void {
    const hour = new Date(this.hour).toISOString();
    const batch = { batchId: newId(), hour, records, takenAt: this.settings.elapsed() };
    this.waiting.push(batch);
    this.waitingRecords += recordsOf(batch);
  }

  /** Called by a timer, because reading the clock at each login would cost more than counting it. */
  private endHour(): void {
    if (this.hour !== this.hourNow()) this.queueCounted();
    const leftMs = this.hour + HOUR_MS - this.settings.clock();
    this.hourTimer = setTimeout(() => this.endHour(), leftMs).unref();
  }

  private hourNow(): number {
    return Math.floor(this.settings.clock() / HOUR_MS) * HOUR_MS;
  }
}

/** The number of records that an answer rejects; null if it does not account for all. A batch sent again is counted once. */
function rejectedOf({ accepted, duplicate, rejected }: Readonly<Record<string, unknown>>, sent: number): number | null {
  if (duplicate === true) return 0;
  return Number.isInteger(rejected) && Number(accepted) + Number(rejected) === sent ? Number(rejected) : null;
}

const recordsOf = ({ records }: Batch): number => records.length / RECORD_WORDS;

function loginsOf({ records }: Batch): number {
  let logins = 0;
  for (let at = RECORD_WORDS - 1; at < records.length; at += RECORD_WORDS) logins += records[at] as number;
  return logins;
}

function reportsOf({ records, hour }: Batch, relay: string): LoginReport[] {
  return Array.from({ length: records.length / RECORD_WORDS }, (_, i) => {
    const at = i * RECORD_WORDS;
    return {
      smtpUserId: uuidText(records, at) as SmtpUserId,
      ip: addressText(records.subarray(at + 4, at + 8)),
      hour,
      count: records[at + RECORD_WORDS - 1] as number,
      entryId: null,
      relay,
    };
  });
}

/** @param words an IPv6 address; an IPv4 address is in its IPv6 form */
function addressText(words: Uint32Array): string {
  const isV4 = words[0] === 0 && words[1] === 0 && words[2] === 0xffff;
  return isV4 ? rangeText(4, words.subarray(3), 32) : rangeText(6, words, 128);
}

import { MAX_LOGINS_PER_REPORT, newId } from '@postern/contracts';
import type { LoginReport, SmtpUserId } from '@postern/contracts';
import { Backoff, WakeSignal } from '@postern/async';
import { ControlPlane, describe, refusedForGood, retryMs } from '../control-plane.js';
import { rangeText } from '../replica/range-text.js';
import { uuidText } from '../replica/record.js';
import type { Replica } from '../replica/replica.js';
import type { Settings } from '../settings.js';
import { LoginCounter, RECORD_WORDS } from './login-counter.js';
import { sendLogins } from './send-logins.js';

const HOUR_MS = 3_600_000;
/** Postern recognises a batch that it has for two days; a later repeat would count twice. */
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
 * Sends the counted logins every minute, and once an hour an empty batch if there were none: a relay that nobody uses differs from one
 * that says nothing. A batch is sent again under the same id until Postern has it. All is in memory, and what finds no room, waits for
 * more than a day, or is refused for good is dropped and counted: denials have a queue of their own, which waits for nothing here.
 */
export class LoginReporter {
  /** Logins. */
  reported = 0;

  private givenUp = 0;
  private alarmedDrops = 0;
  /** The first ones wait the longest. */
  private readonly waiting: Batch[] = [];
  private waitingRecords = 0;
  /** Of the logins that are being counted, milliseconds since 1970. */
  private hour: number;
  /** By `elapsed`: an empty batch says then that the relay is there. */
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

  /** Logins. */
  get counted(): number {
    return this.counter.counted;
  }

  /** Logins. */
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

  /** Ends a wait: what was refused may be accepted now. */
  retryNow(): void {
    if (this.failing) this.signal.wake();
  }

  /** Sends what was counted, once and for `deadlineMs` at most. What then is left is dropped. */
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

  /** Sends all batches, or up to one that fails. Returns the milliseconds until the next attempt. */
  private async report(isLast: boolean): Promise<number> {
    const { elapsed, reportLoginsEveryMs } = this.settings;
    // While Postern is away, an hour's logins stay together.
    if (this.waiting.length === 0 || isLast) this.setAside();
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
      const rejected = await sendLogins(this.plane, batch.batchId, logins, requestTimeoutMs, this.aborting.signal);
      this.reported += loginsOf(batch);
      if (rejected > 0) {
        const detail = `The control plane rejected ${rejected} of ${logins.length} login records: of users whom it does not know, or of another time than its own. Check the clock of this relay.`;
        onProblem({ code: 'logins-rejected', detail });
      }
    } catch (error) {
      if (!refusedForGood(error)) throw error;
      this.giveUp(batch);
      onProblem({ code: 'logins-rejected', detail: `A batch of logins was refused for good: ${error.message}` });
    }
    this.failing = false;
    this.backoff.reset();
    this.reportsIdleAt = elapsed() + HOUR_MS;
  }

  /** Reports the first failure of a row, and returns the milliseconds until the next attempt. */
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

  /** A flood must not become a flood of alarms: one a report. */
  private alarmDrops(): void {
    if (this.dropped === this.alarmedDrops) return;
    this.alarmedDrops = this.dropped;
    const detail = `${this.dropped} logins were dropped so far, and are not among the sources of their users: too many addresses at once, or the control plane was away for too long.`;
    this.settings.onProblem({ code: 'logins-dropped', detail });
  }

  /** Makes batches of what was counted; what is counted from now on belongs to the present hour. */
  private setAside(): void {
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

  /** By a timer: to ask the clock at each login would cost more than to count it. */
  private endHour(): void {
    if (this.hour !== this.hourNow()) this.setAside();
    const leftMs = this.hour + HOUR_MS - this.settings.clock();
    this.hourTimer = setTimeout(() => this.endHour(), leftMs).unref();
  }

  private hourNow(): number {
    return Math.floor(this.settings.clock() / HOUR_MS) * HOUR_MS;
  }
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

/** An IPv4 address is in its IPv6 form. */
function addressText(words: Uint32Array): string {
  const isV4 = words[0] === 0 && words[1] === 0 && words[2] === 0xffff;
  return isV4 ? rangeText(4, words.subarray(3), 32) : rangeText(6, words, 128);
}

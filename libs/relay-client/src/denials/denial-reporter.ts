import { MAX_DENIALS_PER_REPORT } from '@postern/contracts';
import type { DenialReport } from '@postern/contracts';
import { Backoff, WakeSignal } from '@postern/async';
import { ControlPlane, describe, refusedForGood, retryMs } from '../control-plane.js';
import { sendReports } from '../send-reports.js';
import type { Settings } from '../settings.js';
import type { DenialSpool } from './denial-spool.js';
import { rejectedOf, WAITING } from './rejected-denials.js';

const DROP_ALARM_MS = 10_000;

/** Sends each denial, always with the same id, until the control plane acknowledges it. A refused one must not block the others. */
export class DenialReporter {
  acknowledged = 0;
  /** Logins; one record may count many. */
  dropped = 0;
  rejected = 0;
  lastError: string | null = null;

  private batchSize = MAX_DENIALS_PER_REPORT;
  private lastDropAlarmAt = Number.NEGATIVE_INFINITY;
  private stopping = false;
  private readonly aborting = new AbortController();
  private readonly signal = new WakeSignal();
  private readonly backoff: Backoff;
  private readonly plane: ControlPlane;
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly settings: Settings,
    private readonly spool: DenialSpool,
  ) {
    this.plane = new ControlPlane(settings);
    this.backoff = new Backoff(settings.retryBaseMs, settings.retryMaxMs, 1);
  }

  start(): void {
    this.running = this.run();
  }

  /** Returns false if the spool has no room. The login is then counted as dropped. */
  readonly record = (report: DenialReport, counting = false): boolean => {
    if (this.spool.put(report, counting)) return true;
    this.dropped++;
    const now = this.settings.elapsed();
    if (now - this.lastDropAlarmAt < DROP_ALARM_MS) return false;
    this.lastDropAlarmAt = now;
    const detail = `The denial spool is full (${this.spool.size} denials wait). ${this.dropped} denied logins were dropped so far.`;
    this.settings.onProblem({ code: 'denial-dropped', detail });
    return false;
  };

  retryNow(): void {
    this.signal.wake();
  }

  /** Sends for `deadlineMs` at most. What is left stays in the spool. */
  async stop(deadlineMs: number): Promise<void> {
    this.stopping = true;
    this.signal.wake();
    const abort = (): void => {
      this.aborting.abort();
      this.signal.close();
    };
    const timer = setTimeout(abort, deadlineMs);
    await this.running;
    clearTimeout(timer);
    abort();
  }

  private async run(): Promise<void> {
    while (!this.signal.closed) {
      const waitMs = await this.sendAll();
      if (this.stopping && this.spool.size === 0) return;
      await this.signal.wait(waitMs);
    }
  }

  /** Returns the milliseconds to wait. */
  private async sendAll(): Promise<number> {
    while (!this.signal.closed) {
      try {
        const batch = await this.spool.peek(this.batchSize);
        if (batch.length === 0) return this.settings.flushIntervalMs;
        await this.send(batch);
      } catch (error) {
        return this.failed(error);
      }
    }
    return 0;
  }

  private async send(batch: readonly DenialReport[]): Promise<void> {
    try {
      const waiting = this.spool.size - batch.length;
      const reports = {
        path: '/v1/relay/auth-denials',
        body: { denials: batch },
        headers: { [WAITING]: String(waiting) },
        timeoutMs: this.settings.requestTimeoutMs,
        signal: this.aborting.signal,
      };
      const rejected = await sendReports(this.plane, reports, (answer) => rejectedOf(answer, batch));
      this.spool.acknowledge(batch.map((report) => report.id));
      this.acknowledged += batch.length - rejected.length;
      this.reject(rejected.map(({ id, code, detail }) => `${id}: ${code}, ${detail}`));
    } catch (error) {
      if (!refusedForGood(error)) throw error;
      await this.narrow(batch, error);
    }
    this.lastError = null;
    this.backoff.reset();
    this.batchSize = Math.min(MAX_DENIALS_PER_REPORT, this.batchSize * 2);
  }

  /** Postern refused the complete batch. Halve it until the bad record is alone, and remove that. */
  private async narrow(batch: readonly DenialReport[], error: Error): Promise<void> {
    if (batch.length > 1) {
      this.batchSize = Math.max(0.5, Math.floor(batch.length / 2) / 2);
      return;
    }
    this.spool.acknowledge(batch.map((report) => report.id));
    this.reject(batch.map((report) => `${report.id}: ${error.message}`));
  }

  private reject(details: readonly string[]): void {
    if (details.length === 0) return;
    this.rejected += details.length;
    const shown = details.slice(0, 3).join('; ');
    const detail = `Postern rejected ${details.length} denials; they are not in the audit trail, and are not sent again: ${shown}`;
    this.settings.onProblem({ code: 'denial-rejected', detail });
  }

  private failed(error: unknown): number {
    if (this.aborting.signal.aborted) return 0;
    this.lastError = describe(error);
    this.settings.onProblem({
      code: 'denials-not-accepted',
      detail: `${this.spool.size} denials wait: ${this.lastError}`,
    });
    return retryMs(error, this.backoff, this.settings);
  }
}

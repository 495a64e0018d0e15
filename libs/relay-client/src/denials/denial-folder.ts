import { newId, usernameKey } from '@postern/contracts';
import type { DenialReport } from '@postern/contracts';
import type { Settings } from '../settings.js';

/** A denied login, before it is known how it will be reported. */
export type DeniedLogin = Omit<DenialReport, 'id' | 'count'>;

interface Window {
  readonly openedAt: number;
  /** The logins after the one that opened it; its count grows until the window closes. */
  report: DenialReport | null;
}

/** Floods that are counted at the same time; with one more the oldest is reported and closed. */
const MAX_WINDOWS = 10_000;
/** Windows are looked through so often at least. */
const TICK_MS = 1_000;

/**
 * Folds floods: of logins with the same user, address, reason and mode the first is reported at once, those that follow
 * are counted, and reported as one record a window, for as long as there are any. What is reported adds up to the logins.
 * The record is in the spool from its first login on, so that a killed process loses no count, and is sent once its window closes.
 * A record's `occurredAt` is its last login's: so the last denial of an address is known exactly, and the first one is too.
 */
export class DenialFolder {
  /** Logins that were counted into a window and not reported on their own. */
  folded = 0;

  /** In the order in which they were opened: those that are due stand in front. */
  private readonly windows = new Map<string, Window>();
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(
    /** `elapsed`, because a clock that is set back must not keep a window open. */
    private readonly settings: Pick<Settings, 'foldWindowMs' | 'elapsed'>,
    /** Takes a record, also in the place of an earlier one with its id. False: there is no room for it. */
    private readonly put: (report: DenialReport, counting: boolean) => boolean,
    private readonly maxWindows = MAX_WINDOWS,
  ) {}

  /** Logins that are counted and not yet reported. */
  get waiting(): number {
    let waiting = 0;
    for (const { report } of this.windows.values()) waiting += report?.count ?? 0;
    return waiting;
  }

  start(): void {
    const { foldWindowMs } = this.settings;
    if (foldWindowMs === 0) return;
    this.timer = setInterval(() => this.closeDue(), Math.min(foldWindowMs, TICK_MS));
    this.timer.unref();
  }

  /** Takes a login in, without waiting. */
  record(login: DeniedLogin): void {
    if (this.settings.foldWindowMs === 0 || this.stopped) return void this.put(recordOf(login), false);
    this.closeDue();
    const key = keyOf(login);
    const window = this.windows.get(key);
    if (window === undefined) return this.open(key, login);
    const { report } = window;
    const next =
      report === null ? recordOf(login) : { ...report, occurredAt: login.occurredAt, count: report.count + 1 };
    if (!this.put(next, true)) return;
    window.report = next;
    this.folded++;
  }

  /** Reports what was counted. Logins that come later are each reported on their own: nobody would close their window. */
  stop(): void {
    this.stopped = true;
    clearInterval(this.timer);
    for (const window of this.windows.values()) this.close(window);
    this.windows.clear();
  }

  private open(key: string, login: DeniedLogin): void {
    const [oldest] = this.windows;
    if (oldest !== undefined && this.windows.size >= this.maxWindows) {
      this.windows.delete(oldest[0]);
      this.close(oldest[1]);
    }
    this.windows.set(key, { openedAt: this.settings.elapsed(), report: null });
    this.put(recordOf(login), false);
  }

  /** A window in which something was counted goes on as the next one; one without ends. */
  private closeDue(): void {
    const now = this.settings.elapsed();
    for (const [key, window] of this.windows) {
      if (now - window.openedAt < this.settings.foldWindowMs) return;
      this.windows.delete(key);
      if (window.report === null) continue;
      this.close(window);
      this.windows.set(key, { openedAt: now, report: null });
    }
  }

  private close({ report }: Window): void {
    if (report !== null) this.put(report, false);
  }
}

function recordOf(login: DeniedLogin): DenialReport {
  return { id: newId(), ...login, count: 1 };
}

/** Usernames have no space in them; what stands for an address may have any. */
function keyOf({ username, smtpUserId, ip, reason, mode }: DeniedLogin): string {
  return `${reason} ${mode} ${smtpUserId} ${usernameKey(username)} ${ip}`;
}

import { newId, usernameKey } from '@postern/contracts';
import type { DenialReport } from '@postern/contracts';
import type { Settings } from '../settings.js';

export type DeniedLogin = Omit<DenialReport, 'id' | 'count'>;

interface Window {
  readonly openedAt: number;
  report: DenialReport | null;
}

const MAX_WINDOWS = 10_000;
const TICK_MS = 1_000;

/**
 * Folds floods of denials with the same user, address, reason and mode. The first login is reported at once; those that follow are one
 * record per window, with a count. The record is in the spool from its first login, so a killed process loses no count. It is sent
 * when its window closes, and its `occurredAt` is the time of its last login, so the first and last denial of an address have exact times.
 */
export class DenialFolder {
  folded = 0;

  private readonly windows = new Map<string, Window>();
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(
    /** `elapsed`, because a clock that is set back must not keep a window open. */
    private readonly settings: Pick<Settings, 'foldWindowMs' | 'elapsed'>,
    private readonly put: (report: DenialReport, counting: boolean) => boolean,
    private readonly maxWindows = MAX_WINDOWS,
  ) {}

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

  /** Closes all windows. Later logins are reported one by one, because nothing would close their window. */
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

  /** A window that counted something starts again; an empty one ends. */
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

/** Usernames contain no space; the text of an address may. */
function keyOf({ username, smtpUserId, ip, reason, mode }: DeniedLogin): string {
  return `${reason} ${mode} ${smtpUserId} ${usernameKey(username)} ${ip}`;
}

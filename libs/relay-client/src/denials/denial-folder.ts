import { newId, usernameKey } from '@postern/contracts';
import type { DenialReport } from '@postern/contracts';
import type { Settings } from '../settings.js';

/** A denied login, before it is known how it will be reported. */
export type DeniedLogin = Omit<DenialReport, 'id' | 'count'>;

interface Window {
  openedAt: number;
  /** Counted since, beside the one that opened it. */
  count: number;
  last: DeniedLogin;
}

/** Windows are looked through so often at least. */
const TICK_MS = 1_000;

/**
 * Folds floods: of logins with the same user, address, reason and mode the first is reported at once, those that follow
 * are counted, and reported as one record a window, for as long as there are any. What is reported adds up to the logins.
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
    private readonly settings: Pick<Settings, 'foldWindowMs' | 'maxFoldWindows' | 'elapsed'>,
    private readonly onReport: (report: DenialReport) => void,
  ) {}

  /** Logins that are counted and not yet reported. */
  get waiting(): number {
    let waiting = 0;
    for (const { count } of this.windows.values()) waiting += count;
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
    if (this.settings.foldWindowMs === 0 || this.stopped) return this.report(login, 1);
    this.closeDue();
    const key = keyOf(login);
    const window = this.windows.get(key);
    if (window === undefined) return this.open(key, login);
    window.count++;
    window.last = login;
    this.folded++;
  }

  /** Reports what was counted. Logins that come later are each reported on their own: nobody would close their window. */
  stop(): void {
    this.stopped = true;
    clearInterval(this.timer);
    for (const window of this.windows.values()) this.tell(window);
    this.windows.clear();
  }

  private open(key: string, login: DeniedLogin): void {
    const [oldest] = this.windows;
    if (oldest !== undefined && this.windows.size >= this.settings.maxFoldWindows) {
      this.windows.delete(oldest[0]);
      this.tell(oldest[1]);
    }
    this.windows.set(key, { openedAt: this.settings.elapsed(), count: 0, last: login });
    this.report(login, 1);
  }

  /** A window in which something was counted goes on as the next one; one without ends. */
  private closeDue(): void {
    const now = this.settings.elapsed();
    for (const [key, window] of this.windows) {
      if (now - window.openedAt < this.settings.foldWindowMs) return;
      this.windows.delete(key);
      if (window.count === 0) continue;
      this.tell(window);
      this.windows.set(key, { ...window, openedAt: now, count: 0 });
    }
  }

  private tell({ last, count }: Window): void {
    if (count > 0) this.report(last, count);
  }

  private report(login: DeniedLogin, count: number): void {
    this.onReport({ id: newId(), ...login, count });
  }
}

/** Usernames have no space in them; what stands for an address may have any. */
function keyOf({ username, smtpUserId, ip, reason, mode }: DeniedLogin): string {
  return `${reason} ${mode} ${smtpUserId} ${usernameKey(username)} ${ip}`;
}

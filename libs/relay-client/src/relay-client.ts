import { STALE, decideBy, denialReason } from './decision.js';
import type { Decision } from './decision.js';
import { DenialFolder } from './denials/denial-folder.js';
import { DenialReporter } from './denials/denial-reporter.js';
import { InMemoryDenialSpool } from './denials/denial-spool.js';
import type { DenialSpool } from './denials/denial-spool.js';
import type { ControlPlane } from './http/control-plane.js';
import { InMemoryLastKnownGoodStore } from './policies/last-known-good.js';
import { PolicyFeed } from './policies/policy-feed.js';
import { PolicyKeeper } from './policies/policy-keeper.js';
import { guarded } from './problem.js';
import { Replica } from './replica/replica.js';
import { checkKey, checkSettings } from './settings.js';
import type { RelayClientSettings } from './settings.js';
import type { RelayStatus } from './status.js';

const DAY_MS = 24 * 60 * 60 * 1_000;
/** A longer text is no address; a denial shows so much of it. */
const MAX_IP_TEXT = 64;
/** What a denial shows where the relay had no address at all: a socket that is closed already has none. */
const NO_ADDRESS = 'unknown';

/**
 * Decides for a relay, in its own memory: it holds all policies, keeps them in step with the control plane, and reports
 * denials. Losing the control plane changes no decision (until `maxStalenessMs`, if `whenStale` is `defer`).
 */
export class RelayClient {
  private replica: Replica | null = null;
  private unknownUsers = 0;
  private stopped = false;
  private firstPolicies: () => void = () => undefined;

  private readonly plane: { -readonly [K in keyof ControlPlane]: ControlPlane[K] };
  private readonly clock: () => number;
  private readonly elapsed: () => number;
  private readonly spool: DenialSpool;
  private readonly feed: PolicyFeed;
  private readonly keeper: PolicyKeeper;
  private readonly reporter: DenialReporter;
  private readonly folder: DenialFolder;

  /** @throws BadSetting. */
  constructor(private readonly settings: RelayClientSettings) {
    checkSettings(settings);
    const { clock = Date.now, retryBaseMs = 250, retryMaxMs = 15_000, refusedRetryMs = 30_000 } = settings;
    const { url, key, fetch, elapsed = () => performance.now() } = settings;
    this.plane = { url, key, ...(fetch === undefined ? {} : { fetch }) };
    this.clock = clock;
    this.elapsed = elapsed;
    const onProblem = guarded(settings.onProblem);
    const newReplica = (expectedUsers: number): Replica => new Replica({ clock, expectedUsers });
    const store = settings.lastKnownGood ?? new InMemoryLastKnownGoodStore();
    this.keeper = new PolicyKeeper({ store, newReplica, clock, elapsed, onProblem });
    this.spool = settings.denialSpool ?? new InMemoryDenialSpool();
    const shared = { plane: this.plane, elapsed, onProblem, retryBaseMs, retryMaxMs, refusedRetryMs };
    this.feed = new PolicyFeed({
      ...shared,
      silenceMs: settings.silenceMs ?? 15_000,
      snapshotIdleMs: settings.snapshotIdleMs ?? 30_000,
      newReplica,
      onReplica: (replica) => this.take(replica),
      onVerified: (replica) => this.save(replica, settings.saveEveryMs ?? 60_000),
    });
    this.reporter = new DenialReporter({
      ...shared,
      spool: this.spool,
      flushIntervalMs: settings.flushIntervalMs ?? 200,
      requestTimeoutMs: settings.requestTimeoutMs ?? 10_000,
    });
    this.folder = new DenialFolder({
      windowMs: settings.foldWindowMs ?? 60_000,
      maxWindows: settings.maxFoldWindows ?? 10_000,
      report: (report) => this.reporter.record(report),
      elapsed,
    });
  }

  /** Resolves as soon as there are policies to decide by, kept ones or new ones; after `startWithinMs` in any case. */
  async start(): Promise<void> {
    const within = this.settings.startWithinMs ?? 10_000;
    const policies = new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, within);
      this.firstPolicies = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.feed.start(await this.keeper.load());
    this.reporter.start();
    this.folder.start();
    await policies;
  }

  /**
   * Decides, once the password has proved right, and records the denial if it is one. Synchronous; never throws.
   * `ip` is the client's address as text, after PROXY protocol; what is none, also undefined, is an unreadable address.
   */
  decide(username: string, ip: string | undefined): Decision {
    const decision = this.peek(username, ip);
    if (decision.reason === 'smtp-user-unknown') this.unknownUsers++;
    const reason = denialReason(decision);
    if (reason !== null) {
      this.folder.record({
        username,
        // Whoever holds the username when the denial arrives need not be the one that it is about.
        smtpUserId: this.replica?.smtpUserId(),
        ip: typeof ip === 'string' && ip !== '' ? ip.slice(0, MAX_IP_TEXT) : NO_ADDRESS,
        occurredAt: new Date(this.clock()).toISOString(),
        relay: this.settings.relayName,
        reason,
        mode: decision.mode ?? 'enforce',
      });
    }
    return decision;
  }

  /**
   * Replaces the key, for all requests from now on; an open stream goes on until the old key is revoked. What the old key
   * was refused for is tried again at once. @throws BadSetting.
   */
  setKey(key: string): void {
    checkKey(key);
    this.plane.key = key;
    this.feed.retryNow();
    this.reporter.retryNow();
  }

  /** What `decide` would say; nothing is recorded or counted. */
  peek(username: string, ip: string | undefined): Decision {
    if (this.replica === null || this.isTooOld()) return STALE;
    // An unverified snapshot may lack users; it must not let them in as unknown.
    const unknownUser = this.feed.verified ? (this.settings.unknownUser ?? 'defer') : 'defer';
    return decideBy(this.replica, username, ip ?? '', unknownUser);
  }

  /** Keeps the policies, sends what denials still wait (for `flushWithinMs` at most), and ends. It still decides then. */
  async stop(flushWithinMs = 5_000): Promise<void> {
    this.stopped = true;
    this.firstPolicies();
    this.folder.stop();
    const reported = this.reporter.stop(flushWithinMs);
    await this.feed.stop();
    if (this.replica !== null && this.feed.verified) this.save(this.replica, 0);
    await Promise.all([reported, this.keeper.idle()]);
  }

  /** For logs, metrics and health checks. */
  status(): RelayStatus {
    const { feed, reporter, folder, replica } = this;
    return {
      state: this.stopped ? 'stopped' : replica === null ? 'waiting' : this.isTooOld() ? 'stale' : 'deciding',
      connected: feed.connected,
      verified: feed.verified,
      keyRefused: feed.keyRefused,
      revision: replica?.revision ?? null,
      policies: replica?.policies ?? 0,
      replicaBytes: replica?.byteLength ?? 0,
      lastContactAt: this.lastContactAt(),
      lagEvents: feed.lag.lagEvents,
      lagSeconds: feed.lag.lagSeconds,
      reconnects: feed.reconnects,
      snapshots: feed.snapshots,
      digestMismatches: feed.digestMismatches,
      unreadablePolicies: feed.unreadable,
      unknownUsers: this.unknownUsers,
      queuedDenials: this.spool.size,
      foldedDenials: folder.folded,
      countingDenials: folder.waiting,
      acknowledgedDenials: reporter.acknowledged,
      rejectedDenials: reporter.rejected,
      droppedDenials: reporter.dropped,
      denialsError: reporter.lastError,
    };
  }

  private isTooOld(): boolean {
    if (this.settings.whenStale !== 'defer') return false;
    return this.contactAgeMs() > (this.settings.maxStalenessMs ?? DAY_MS);
  }

  /** Measured, not read from a wall clock: one that is set back would make old policies young. */
  private contactAgeMs(): number {
    return this.elapsed() - (this.feed.lastContact ?? Number.NEGATIVE_INFINITY);
  }

  private lastContactAt(): string | null {
    const age = this.contactAgeMs();
    return Number.isFinite(age) ? new Date(this.clock() - age).toISOString() : null;
  }

  private take(replica: Replica): void {
    this.replica = replica;
    this.firstPolicies();
  }

  private save(replica: Replica, everyMs: number): void {
    this.keeper.save(replica, this.contactAgeMs(), everyMs);
  }
}

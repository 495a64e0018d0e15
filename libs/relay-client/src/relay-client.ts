import { newId } from '@postern/contracts';
import { STALE, decideBy, denialReason } from './decision.js';
import type { Decision } from './decision.js';
import { DenialReporter } from './denials/denial-reporter.js';
import { InMemoryDenialSpool } from './denials/denial-spool.js';
import type { DenialSpool } from './denials/denial-spool.js';
import { describe } from './http/control-plane.js';
import { InMemoryLastKnownGoodStore, keep, revive } from './policies/last-known-good.js';
import type { LastKnownGoodStore } from './policies/last-known-good.js';
import { PolicyFeed } from './policies/policy-feed.js';
import { guarded } from './problem.js';
import type { OnProblem } from './problem.js';
import { Replica } from './replica/replica.js';
import { checkSettings } from './settings.js';
import type { RelayClientSettings } from './settings.js';
import type { RelayStatus } from './status.js';

const DAY_MS = 24 * 60 * 60 * 1_000;
/** A longer text is no address; a denial shows so much of it. */
const MAX_IP_TEXT = 64;

/**
 * Decides for a relay, in its own memory: it holds all policies, keeps them in step with the control plane, and reports
 * denials. Losing the control plane changes no decision (until `maxStalenessMs`, if `whenStale` is `defer`).
 */
export class RelayClient {
  private replica: Replica | null = null;
  private unknownUsers = 0;
  private stopped = false;
  private savedAt = Number.NEGATIVE_INFINITY;
  private savedRevision = -1;
  private saving: Promise<void> = Promise.resolve();
  private firstPolicies: () => void = () => undefined;

  private readonly clock: () => number;
  private readonly onProblem: OnProblem;
  private readonly store: LastKnownGoodStore;
  private readonly spool: DenialSpool;
  private readonly feed: PolicyFeed;
  private readonly reporter: DenialReporter;

  /** @throws BadSetting. */
  constructor(private readonly settings: RelayClientSettings) {
    checkSettings(settings);
    const { clock = Date.now, retryBaseMs = 250, retryMaxMs = 15_000, refusedRetryMs = 30_000 } = settings;
    this.clock = clock;
    this.onProblem = guarded(settings.onProblem);
    this.store = settings.lastKnownGood ?? new InMemoryLastKnownGoodStore();
    this.spool = settings.denialSpool ?? new InMemoryDenialSpool();
    const shared = { plane: settings, clock, onProblem: this.onProblem, retryBaseMs, retryMaxMs, refusedRetryMs };
    this.feed = new PolicyFeed({
      ...shared,
      silenceMs: settings.silenceMs ?? 15_000,
      snapshotIdleMs: settings.snapshotIdleMs ?? 30_000,
      newReplica: (expectedUsers) => new Replica({ clock, expectedUsers }),
      onReplica: (replica) => this.take(replica),
      onVerified: (replica) => this.save(replica, settings.saveEveryMs ?? 60_000),
    });
    this.reporter = new DenialReporter({
      ...shared,
      spool: this.spool,
      flushIntervalMs: settings.flushIntervalMs ?? 200,
      requestTimeoutMs: settings.requestTimeoutMs ?? 10_000,
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
    this.feed.start(await this.loadKept());
    this.reporter.start();
    await policies;
  }

  /**
   * Decides, once the password has proved right, and records the denial if it is one. Synchronous; never throws.
   * `ip` is the client's address as text, after PROXY protocol.
   */
  decide(username: string, ip: string): Decision {
    const decision = this.peek(username, ip);
    if (decision.reason === 'smtp-user-unknown') this.unknownUsers++;
    const reason = denialReason(decision);
    if (reason !== null) {
      this.reporter.record({
        id: newId(),
        username,
        ip: ip.slice(0, MAX_IP_TEXT),
        occurredAt: new Date(this.clock()).toISOString(),
        relay: this.settings.relayName,
        reason,
        mode: decision.mode ?? 'enforce',
        count: 1,
      });
    }
    return decision;
  }

  /** What `decide` would say; nothing is recorded or counted. */
  peek(username: string, ip: string): Decision {
    if (this.replica === null || this.isTooOld()) return STALE;
    // An unverified snapshot may lack users; it must not let them in as unknown.
    const unknownUser = this.feed.verified ? (this.settings.unknownUser ?? 'defer') : 'defer';
    return decideBy(this.replica, username, ip, unknownUser);
  }

  /** Keeps the policies, sends what denials still wait (for `flushWithinMs` at most), and ends. It still decides then. */
  async stop(flushWithinMs = 5_000): Promise<void> {
    this.stopped = true;
    this.firstPolicies();
    const reported = this.reporter.stop(flushWithinMs);
    await this.feed.stop();
    if (this.replica !== null && this.feed.verified) this.save(this.replica, 0);
    await Promise.all([reported, this.saving]);
  }

  /** For logs, metrics and health checks. */
  status(): RelayStatus {
    const { feed, reporter, replica } = this;
    return {
      state: this.stopped ? 'stopped' : replica === null ? 'waiting' : this.isTooOld() ? 'stale' : 'deciding',
      connected: feed.connected,
      verified: feed.verified,
      keyRefused: feed.keyRefused,
      revision: replica?.revision ?? null,
      policies: replica?.policies ?? 0,
      replicaBytes: replica?.byteLength ?? 0,
      lastContactAt: feed.lastContactAt === null ? null : new Date(feed.lastContactAt).toISOString(),
      reconnects: feed.reconnects,
      snapshots: feed.snapshots,
      digestMismatches: feed.digestMismatches,
      unreadablePolicies: feed.unreadable,
      unknownUsers: this.unknownUsers,
      queuedDenials: this.spool.size,
      acknowledgedDenials: reporter.acknowledged,
      rejectedDenials: reporter.rejected,
      droppedDenials: reporter.dropped,
    };
  }

  private isTooOld(): boolean {
    if (this.settings.whenStale !== 'defer') return false;
    const age = this.clock() - (this.feed.lastContactAt ?? Number.NEGATIVE_INFINITY);
    return age > (this.settings.maxStalenessMs ?? DAY_MS);
  }

  private take(replica: Replica): void {
    this.replica = replica;
    this.firstPolicies();
  }

  private async loadKept(): Promise<{ replica: Replica; lastContactAt: number } | null> {
    try {
      const kept = await this.store.load();
      if (kept === null) return null;
      const { clock } = this;
      const replica = revive(kept, (expectedUsers) => new Replica({ clock, expectedUsers }));
      return { replica, lastContactAt: kept.lastContactAt };
    } catch (error) {
      this.onProblem({ code: 'last-known-good-unusable', detail: describe(error) });
      return null;
    }
  }

  /** Keeps the policies, unless the last time was just now or nothing has changed since. One saving at a time. */
  private save(replica: Replica, everyMs: number): void {
    const now = this.clock();
    if (replica.revision === this.savedRevision || now - this.savedAt < everyMs) return;
    this.savedAt = now;
    this.savedRevision = replica.revision;
    const kept = keep(replica, this.feed.lastContactAt ?? now);
    this.saving = this.saving
      .then(() => this.store.save(kept))
      .catch((error: unknown) => {
        this.savedRevision = -1;
        const detail = `The last known good policies could not be saved: ${describe(error)}`;
        this.onProblem({ code: 'last-known-good-unusable', detail });
      });
  }
}

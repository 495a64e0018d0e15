import { mkdir } from 'node:fs/promises';
import { endsWithin } from '@postern/async';
import { describe } from './control-plane.js';
import { STALE, decideBy, denialReason } from './decision.js';
import type { Decision } from './decision.js';
import { DenialFolder } from './denials/denial-folder.js';
import { DenialReporter } from './denials/denial-reporter.js';
import { DenialSpool } from './denials/denial-spool.js';
import { PolicyFeed } from './policies/policy-feed.js';
import { BadSetting, checkKey, completeSettings } from './settings.js';
import type { RelayClientSettings, Settings } from './settings.js';
import type { RelayStatus } from './status.js';

/** A longer text is no address; a denial shows so much of it. */
const MAX_IP_TEXT = 64;
/** What a denial shows where the relay had no address at all: a socket that is closed already has none. */
const NO_ADDRESS = 'unknown';

/**
 * Decides for a relay, in its own memory: it holds all policies, keeps them in step with the control plane, and reports
 * denials. Losing the control plane changes no decision (until `maxStalenessMs`, if `whenStale` is `defer`).
 */
export class RelayClient {
  private unknownUsers = 0;
  private stopped = false;
  private readonly settings: Settings;
  private readonly feed: PolicyFeed;
  private readonly spool: DenialSpool;
  private readonly reporter: DenialReporter;
  private readonly folder: DenialFolder;

  /** @throws BadSetting. */
  constructor(settings: RelayClientSettings) {
    this.settings = completeSettings(settings);
    this.feed = new PolicyFeed(this.settings, () => this.spool.size);
    this.spool = new DenialSpool(this.settings);
    this.reporter = new DenialReporter(this.settings, this.spool);
    this.folder = new DenialFolder(this.settings, this.reporter.record);
  }

  /**
   * Resolves as soon as there are policies to decide by and the tenants' replies, kept ones or new ones; after `startWithinMs` in any case.
   * @throws BadSetting if `dataDir` cannot be used.
   */
  async start(): Promise<void> {
    const { dataDir } = this.settings;
    try {
      if (dataDir !== null) await mkdir(dataDir, { recursive: true, mode: 0o700 });
      await this.spool.open();
    } catch (error) {
      throw new BadSetting(`dataDir must be a folder that this process can read and write: ${describe(error)}`);
    }
    if (this.stopped) return;
    this.reporter.start();
    this.folder.start();
    await endsWithin(
      this.feed.start().then(
        () => this.feed.ready,
        (error: unknown) => {
          const detail = `No policies will come, start this relay again: ${describe(error)}`;
          this.settings.onProblem({ code: 'control-plane-unreachable', detail });
        },
      ),
      this.settings.startWithinMs,
    );
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
        smtpUserId: this.feed.replica?.smtpUserId(),
        ip: typeof ip === 'string' && ip !== '' ? ip.slice(0, MAX_IP_TEXT) : NO_ADDRESS,
        occurredAt: new Date(this.settings.clock()).toISOString(),
        relay: this.settings.relayName,
        reason,
        mode: decision.mode ?? 'enforce',
      });
    }
    return decision;
  }

  /**
   * As `decide`, for a mail server that waits for its answer: resolves once the denial, if it is one, is on disk (without
   * `dataDir`: at once). Never rejects: a denial that could not be written is reported, and the decision holds.
   */
  async check(username: string, ip: string | undefined): Promise<Decision> {
    const decision = this.decide(username, ip);
    if (denialReason(decision) !== null) await this.spool.saved();
    return decision;
  }

  /** What `decide` would say; nothing is recorded or counted. */
  peek(username: string, ip: string | undefined): Decision {
    const { replica, verified } = this.feed;
    if (replica === null || this.isTooOld()) return STALE;
    // An unverified snapshot may lack users; it must not let them in as unknown.
    const unknownUser = verified ? this.settings.unknownUser : 'defer';
    return decideBy(replica, username, ip ?? '', unknownUser, this.feed.replies);
  }

  /**
   * Replaces the key, for all requests from now on; an open stream goes on until the old key is revoked. What the old key
   * was refused for is tried again at once. @throws BadSetting.
   */
  setKey(key: string): void {
    checkKey(key);
    this.settings.key = key;
    this.feed.retryNow();
    this.reporter.retryNow();
  }

  /** Keeps the policies, sends what denials still wait (for `flushWithinMs` at most), and ends. It still decides then. */
  async stop(flushWithinMs = 5_000): Promise<void> {
    this.stopped = true;
    this.folder.stop();
    await Promise.all([this.reporter.stop(flushWithinMs), this.feed.stop()]);
    await this.spool.close();
  }

  /** For logs, metrics and health checks. */
  status(): RelayStatus {
    const { feed, spool, reporter, folder } = this;
    const { replica, contactAgeMs: age } = feed;
    return {
      state: this.stopped ? 'stopped' : replica === null ? 'waiting' : this.isTooOld() ? 'stale' : 'deciding',
      connected: feed.connected,
      verified: feed.verified,
      keyRefused: feed.keyRefused,
      revision: replica?.revision ?? null,
      policies: replica?.policies ?? 0,
      replicaBytes: replica?.byteLength ?? 0,
      lastContactAt: Number.isFinite(age) ? new Date(this.settings.clock() - age).toISOString() : null,
      lagEvents: feed.lag.lagEvents,
      lagSeconds: feed.lag.lagSeconds,
      reconnects: feed.reconnects,
      snapshots: feed.snapshots,
      digestMismatches: feed.digestMismatches,
      unreadablePolicies: feed.unreadable,
      unknownUsers: this.unknownUsers,
      queuedDenials: spool.size,
      foldedDenials: folder.folded,
      countingDenials: folder.waiting,
      acknowledgedDenials: reporter.acknowledged,
      rejectedDenials: reporter.rejected,
      droppedDenials: reporter.dropped,
      unsavedDenials: spool.unsaved,
      damagedDenials: spool.damaged,
      denialsError: reporter.lastError,
    };
  }

  private isTooOld(): boolean {
    return this.settings.whenStale === 'defer' && this.feed.contactAgeMs > this.settings.maxStalenessMs;
  }
}

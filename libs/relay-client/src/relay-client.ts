import { mkdir } from 'node:fs/promises';
import { endsWithin } from '@postern/async';
import { describe } from './control-plane.js';
import { STALE, decideBy, denialReason } from './decision.js';
import type { Decision } from './decision.js';
import { DenialFolder } from './denials/denial-folder.js';
import { DenialReporter } from './denials/denial-reporter.js';
import { DenialSpool } from './denials/denial-spool.js';
import { LoginReporter } from './logins/login-reporter.js';
import { PolicyFeed } from './policies/policy-feed.js';
import { BadSetting, checkKey, completeSettings } from './settings.js';
import type { RelayClientSettings, Settings } from './settings.js';
import type { RelayStatus } from './status.js';

/** A longer text is not an address. A denial shows its beginning. */
const MAX_IP_TEXT = 64;
/** What a denial shows if the relay knew no address, because the socket was closed already. */
const NO_ADDRESS = 'unknown';

/** Decides for a relay from policies in memory, which it keeps up to date. Without the control plane, it decides by the last ones; see `whenStale`. */
export class RelayClient {
  private unknownUsers = 0;
  private stopped = false;
  private readonly settings: Settings;
  private readonly feed: PolicyFeed;
  private readonly spool: DenialSpool;
  private readonly reporter: DenialReporter;
  private readonly folder: DenialFolder;
  private readonly logins: LoginReporter | null;

  /** @throws BadSetting. */
  constructor(settings: RelayClientSettings) {
    this.settings = completeSettings(settings);
    this.feed = new PolicyFeed(this.settings, () => this.spool.size);
    this.spool = new DenialSpool(this.settings);
    this.reporter = new DenialReporter(this.settings, this.spool);
    this.folder = new DenialFolder(this.settings, this.reporter.record);
    this.logins = this.settings.observeLogins ? new LoginReporter(this.settings) : null;
  }

  /** Resolves when policies and replies are loaded, or after `startWithinMs`. @throws BadSetting: bad `dataDir`. */
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
    this.logins?.start();
    await endsWithin(
      this.feed.start().then(
        () => this.feed.ready,
        (error: unknown) => {
          const detail = `No more policies will arrive. Restart this relay: ${describe(error)}`;
          this.settings.onProblem({ code: 'control-plane-unreachable', detail });
        },
      ),
      this.settings.startWithinMs,
    );
  }

  /**
   * Call it after the password was correct. Decides; records a denial, and counts a login that is let through. Synchronous; never throws.
   * @param ip the client's address as text, after PROXY protocol. Anything else is an unreadable address.
   */
  decide(username: string, ip: string | undefined): Decision {
    const decision = this.peek(username, ip);
    if (decision.reason === 'smtp-user-unknown') this.unknownUsers++;
    else if (decision.decision === 'allow' && this.feed.replica !== null) this.logins?.count(this.feed.replica);
    const reason = denialReason(decision);
    if (reason !== null) {
      this.folder.record({
        username,
        // The user of this decision. The username may belong to another user when the denial arrives.
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

  /** `decide` for a mail server: resolves when the denial is on disk, or its failure was reported. Never rejects. */
  async check(username: string, ip: string | undefined): Promise<Decision> {
    const decision = this.decide(username, ip);
    if (denialReason(decision) !== null) await this.spool.saved();
    return decision;
  }

  /** The result of `decide`; nothing is recorded or counted. */
  peek(username: string, ip: string | undefined): Decision {
    const { replica, verified } = this.feed;
    if (replica === null || this.isTooOld()) return STALE;
    // An unverified snapshot may lack users. They must not be let in as unknown.
    const unknownUser = verified ? this.settings.unknownUser : 'defer';
    return decideBy(replica, username, ip ?? '', unknownUser, this.feed.replies);
  }

  /** For all later requests; refused ones are repeated at once. An open stream continues. @throws BadSetting. */
  setKey(key: string): void {
    checkKey(key);
    this.settings.key = key;
    this.feed.retryNow();
    this.reporter.retryNow();
    this.logins?.retryNow();
  }

  /** Saves the policies, sends denials and logins for `flushWithinMs` at most, and ends. `decide` still works afterwards. */
  async stop(flushWithinMs = 5_000): Promise<void> {
    this.stopped = true;
    this.folder.stop();
    await Promise.all([this.reporter.stop(flushWithinMs), this.logins?.stop(flushWithinMs), this.feed.stop()]);
    await this.spool.close();
  }

  status(): RelayStatus {
    const { feed, spool, reporter, folder, logins } = this;
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
      countedLogins: logins?.counted ?? 0,
      reportedLogins: logins?.reported ?? 0,
      droppedLogins: logins?.dropped ?? 0,
    };
  }

  private isTooOld(): boolean {
    return this.settings.whenStale === 'defer' && this.feed.contactAgeMs > this.settings.maxStalenessMs;
  }
}

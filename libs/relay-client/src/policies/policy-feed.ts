import type { IncomingMessage } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { digestToHex } from '@postern/contracts';
import type { Heartbeat, PolicyLag } from '@postern/contracts';
import { Backoff, WakeSignal } from '@postern/async';
import { ControlPlane, describe, problemOf, retryMs } from '../control-plane.js';
import { PolicyUnreadable, parseObject } from '../replica/policy-json.js';
import type { Replica } from '../replica/replica.js';
import type { Settings } from '../settings.js';
import { eventsOf, openStream } from './event-stream.js';
import { LastKnownGood } from './last-known-good.js';
import { takeSnapshot } from './snapshot.js';
import { TenantReplies } from './tenant-replies.js';

/** Changes count as lost after this many heartbeats in a row with a revision other than ours. */
const HEARTBEATS_APART = 3;

const LAG_UNKNOWN: PolicyLag = { lagEvents: null, lagSeconds: null };

/** Keeps a replica up to date. A new snapshot is a `candidate` until a heartbeat's digest confirms it; the very first one is used at once. */
export class PolicyFeed {
  replica: Replica | null = null;
  readonly replies = new TenantReplies();
  connected = false;
  verified = false;
  keyRefused = false;
  /** From the last heartbeat; unknown before the first one of a connection. */
  lag: PolicyLag = LAG_UNKNOWN;
  reconnects = 0;
  snapshots = 0;
  digestMismatches = 0;
  unreadable = 0;

  /** A time of `elapsed`; minus infinity before the first contact. */
  private lastContact = Number.NEGATIVE_INFINITY;
  private candidate: Replica | null = null;
  private wantsSnapshot = false;
  private heartbeatsApart = 0;
  private successor: IncomingMessage | null = null;
  private readonly kept: LastKnownGood;
  private readonly backoff: Backoff;
  private readonly plane: ControlPlane;
  private readonly signal = new WakeSignal();
  private readonly stopping = new AbortController();
  private readonly first = Promise.withResolvers<void>();
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly settings: Settings,
    private readonly denialsWaiting: () => number,
  ) {
    this.kept = new LastKnownGood(
      settings,
      () => (this.verified ? this.replica : null),
      this.replies,
      () => this.contactAgeMs,
    );
    this.plane = new ControlPlane(settings);
    this.backoff = new Backoff(settings.retryBaseMs, settings.retryMaxMs, 1);
  }

  /** Resolves when policies and replies are loaded, or never will be. */
  get ready(): Promise<void> {
    return this.first.promise;
  }

  /** Measured, because a wall clock that is set back would make old policies look young. */
  get contactAgeMs(): number {
    return this.settings.elapsed() - this.lastContact;
  }

  async start(): Promise<void> {
    const kept = await this.kept.load();
    if (kept !== null) {
      this.lastContact = this.settings.elapsed() - kept.contactAgeMs;
      this.use(kept.replica, true);
    }
    this.kept.start();
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.first.resolve();
    this.stopping.abort();
    this.signal.close();
    await this.running;
    await this.kept.stop();
  }

  retryNow(): void {
    this.signal.wake();
  }

  private async run(): Promise<void> {
    while (!this.signal.closed) {
      let waitMs: number;
      try {
        if (this.replica === null || this.wantsSnapshot) await this.snapshot();
        await this.follow();
        waitMs = this.backoff.nextMs();
      } catch (error) {
        if (this.signal.closed) break;
        waitMs = this.failed(error);
      }
      this.connected = false;
      this.lag = LAG_UNKNOWN;
      this.reconnects++;
      await this.signal.wait(waitMs);
    }
    this.connected = false;
  }

  private async snapshot(): Promise<void> {
    this.candidate = null;
    const { replica, verified } = await takeSnapshot(this.plane, this.settings.clock, this.stopping.signal);
    this.contact();
    this.snapshots++;
    this.wantsSnapshot = false;
    const inUse = this.replica?.revision ?? 0;
    if (replica.revision < inUse) {
      const detail =
        `The snapshot of ${this.plane.host} is at revision ${replica.revision}, older than the policies in use at ${inUse}. ` +
        'It is used: Postern’s database was restored, or this upstream lags or belongs to another Postern.';
      this.settings.onProblem({ code: 'policies-went-back', detail });
    }
    if (verified || this.replica === null) this.use(replica, verified);
    else this.candidate = replica;
  }

  /** Applies changes until the stream ends or a new snapshot is needed. */
  private async follow(): Promise<void> {
    const from = this.candidate ?? this.replica;
    if (from === null) return;
    this.heartbeatsApart = 0;
    const { silenceMs } = this.settings;
    const { signal } = this.stopping;
    const open = (): Promise<IncomingMessage> =>
      openStream(this.plane, { revision: from.revision, waiting: this.denialsWaiting(), silenceMs, signal });
    this.successor = await open();
    while (this.successor !== null) {
      const stream = this.successor;
      this.successor = null;
      const ended = new AbortController();
      void this.replaceByBetter(stream, open, ended.signal);
      try {
        await this.applyAll(from, stream);
      } catch (error) {
        if (this.successor !== null) continue;
        this.plane.next();
        throw error;
      } finally {
        ended.abort();
      }
    }
  }

  /** Opens a stream at the preferred upstream and switches without a gap. Repeated changes are applied once. */
  private async replaceByBetter(
    present: IncomingMessage,
    open: () => Promise<IncomingMessage>,
    ended: AbortSignal,
  ): Promise<void> {
    for (let waitMs = this.plane.preferAgainMs; waitMs !== null; waitMs = this.plane.preferAgainMs) {
      await setTimeout(waitMs, undefined, { signal: ended, ref: false }).catch(() => undefined);
      if (ended.aborted) return;
      const stream = await open().catch(() => null);
      if (ended.aborted) return void stream?.destroy();
      if (stream === null) continue;
      this.successor = stream;
      return void present.destroy();
    }
  }

  private async applyAll(from: Replica, stream: IncomingMessage): Promise<void> {
    this.replies.begin();
    for await (const { event, data } of eventsOf(stream)) {
      this.connected = true;
      this.keyRefused = false;
      if (event === 'policy') {
        // In JSON, a line feed is white space.
        from.apply(Buffer.from(`${data.replaceAll('\n', ' ')}\n`), 0, from.revision);
        this.heartbeatsApart = 0;
        this.repliesAreComplete();
      } else if (event === 'heartbeat') {
        const heartbeat = readHeartbeat(data);
        this.repliesAreComplete();
        this.compare(from, heartbeat);
      } else if (event === 'reply') this.takeReply(data);
      else if (event === 'reset') this.wantsSnapshot = true;
      if (this.wantsSnapshot) return;
    }
  }

  /** The stream sent a valid event that is not a reply, so the replies at its beginning are complete. */
  private repliesAreComplete(): void {
    this.contact();
    this.replies.complete();
    this.resolveIfReady();
  }

  /** No decision depends on a reply. If one is unreadable, report it and continue. */
  private takeReply(data: string): void {
    try {
      this.replies.apply(data);
      this.contact();
    } catch (error) {
      this.unreadable++;
      this.settings.onProblem({ code: 'policy-unreadable', detail: describe(error) });
    }
  }

  private compare(replica: Replica, heartbeat: Heartbeat): void {
    this.lag = heartbeat;
    if (heartbeat.revision !== replica.revision) {
      if (++this.heartbeatsApart >= HEARTBEATS_APART) {
        this.mismatch(`the control plane is at revision ${heartbeat.revision}, this relay at ${replica.revision}`);
      }
      return;
    }
    this.heartbeatsApart = 0;
    if (heartbeat.policies !== replica.policies || heartbeat.digest !== digestToHex(replica.digest)) {
      const theirs = `${heartbeat.policies} policies, digest ${heartbeat.digest}`;
      const ours = `${replica.policies} policies, digest ${digestToHex(replica.digest)}`;
      this.mismatch(`at revision ${replica.revision} the control plane has ${theirs}; this relay has ${ours}`);
      return;
    }
    this.backoff.reset();
    if (replica === this.candidate || !this.verified) this.use(replica, true);
  }

  private mismatch(detail: string): void {
    this.digestMismatches++;
    this.wantsSnapshot = true;
    if (this.candidate === null) this.verified = false;
    this.settings.onProblem({ code: 'digest-mismatch', detail: `A new snapshot is taken: ${detail}.` });
  }

  private use(replica: Replica, verified: boolean): void {
    this.candidate = null;
    this.replica = replica;
    this.verified = verified;
    if (verified) this.kept.saveSoon();
    this.resolveIfReady();
  }

  private resolveIfReady(): void {
    if (this.replica !== null && this.replies.received) this.first.resolve();
  }

  private contact(): void {
    this.lastContact = this.settings.elapsed();
  }

  private failed(error: unknown): number {
    const problem = problemOf(error);
    if (problem.code === 'key-refused') this.keyRefused = true;
    if (problem.code === 'policy-unreadable') {
      this.unreadable++;
      this.wantsSnapshot = true;
    }
    this.settings.onProblem(problem);
    return retryMs(error, this.backoff, this.settings);
  }
}

function readHeartbeat(json: string): Heartbeat {
  const { revision, policies, digest, lagEvents, lagSeconds } = parseObject(json, 'heartbeat');
  const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
  const isLag = (value: unknown): boolean => value === null || (typeof value === 'number' && value >= 0);
  const isDigest = typeof digest === 'string' && /^[0-9a-f]{16}$/.test(digest);
  if (!isCount(revision) || !isCount(policies) || !isDigest || !isLag(lagEvents) || !isLag(lagSeconds)) {
    throw new PolicyUnreadable('heartbeat', json);
  }
  return { revision, policies, digest, lagEvents, lagSeconds } as Heartbeat;
}

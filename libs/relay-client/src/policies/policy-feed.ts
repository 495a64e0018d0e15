import { digestToHex } from '@postern/contracts';
import type { Heartbeat, PolicyLag } from '@postern/contracts';
import { Backoff, pause } from '@postern/async';
import { Refused, UnexpectedAnswer, describe } from '../http/control-plane.js';
import type { ControlPlane } from '../http/control-plane.js';
import type { OnProblem } from '../problem.js';
import type { Replica } from '../replica/replica.js';
import { followChanges } from './event-stream.js';
import { LineTooLong } from './lines.js';
import { PolicyUnreadable } from './policy-unreadable.js';
import { readHeartbeat, readPolicy } from './read-policy.js';
import { SnapshotRefused, takeSnapshot } from './snapshot.js';

/** Heartbeats in a row that may name another revision than ours before changes count as lost. */
const HEARTBEATS_APART = 3;

const LAG_UNKNOWN: PolicyLag = { lagEvents: null, lagSeconds: null };

export interface PolicyFeedOptions {
  readonly plane: ControlPlane;
  readonly silenceMs: number;
  readonly snapshotIdleMs: number;
  readonly retryBaseMs: number;
  readonly retryMaxMs: number;
  /** Between attempts with a key that was refused. */
  readonly refusedRetryMs: number;
  readonly newReplica: (expectedUsers: number) => Replica;
  /** Milliseconds that only grow. */
  readonly elapsed: () => number;
  readonly onProblem: OnProblem;
  /** A replica is now the one to decide by. */
  readonly onReplica: (replica: Replica) => void;
  /** A heartbeat agreed: this is a good moment to keep the policies. */
  readonly onVerified: (replica: Replica) => void;
}

/**
 * Keeps a replica in step with the control plane: snapshot, then changes, for ever. A snapshot is loaded beside the
 * replica in use, and takes its place once a digest of the control plane has confirmed it; the first one of all, at once.
 */
export class PolicyFeed {
  /** By `elapsed`; null before the first contact. */
  lastContact: number | null = null;
  connected = false;
  /** Whether a digest has confirmed the replica in use. */
  verified = false;
  keyRefused = false;
  /** From the last heartbeat; nulls while none has come on this connection. */
  lag: PolicyLag = LAG_UNKNOWN;
  reconnects = 0;
  snapshots = 0;
  digestMismatches = 0;
  unreadable = 0;

  private inUse: Replica | null = null;
  /** A snapshot that waits for its first heartbeat. */
  private candidate: Replica | null = null;
  private wantsSnapshot = false;
  private heartbeatsApart = 0;
  private readonly stopping = new AbortController();
  private readonly backoff: Backoff;
  private running: Promise<void> = Promise.resolve();
  private waking = new AbortController();

  constructor(private readonly options: PolicyFeedOptions) {
    this.backoff = new Backoff(options.retryBaseMs, options.retryMaxMs, 1);
  }

  /** Begins, from policies that were kept or from nothing. */
  start(kept: { replica: Replica; contactAgeMs: number } | null): void {
    if (kept !== null) {
      this.lastContact = this.options.elapsed() - kept.contactAgeMs;
      this.use(kept.replica, true);
    }
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  /** Ends a wait: what was refused may be accepted now. */
  retryNow(): void {
    this.waking.abort();
    this.waking = new AbortController();
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      // Taken before the attempt: a key that is replaced during it ends the wait after it.
      const woken = this.waking.signal;
      let waitMs: number;
      try {
        if (this.inUse === null || this.wantsSnapshot) await this.snapshot();
        await this.follow();
        waitMs = this.backoff.nextMs();
      } catch (error) {
        if (signal.aborted) break;
        waitMs = this.failed(error);
      }
      this.connected = false;
      this.lag = LAG_UNKNOWN;
      this.reconnects++;
      await pause(waitMs, AbortSignal.any([signal, woken]));
    }
    this.connected = false;
  }

  private async snapshot(): Promise<void> {
    this.candidate = null;
    const { plane, newReplica, snapshotIdleMs: idleMs } = this.options;
    const { replica, verified } = await takeSnapshot(plane, { idleMs, signal: this.stopping.signal, newReplica });
    this.contact();
    this.snapshots++;
    this.wantsSnapshot = false;
    if (verified || this.inUse === null) this.use(replica, verified);
    else this.candidate = replica;
  }

  /** Applies changes until the stream ends, the control plane asks for a snapshot, or something forces one. */
  private async follow(): Promise<void> {
    const from = this.candidate ?? this.inUse;
    if (from === null) return;
    this.heartbeatsApart = 0;
    const { plane, silenceMs } = this.options;
    const events = followChanges(plane, { revision: from.revision, silenceMs, signal: this.stopping.signal });
    for await (const event of events) {
      this.connected = true;
      this.keyRefused = false;
      const replica = this.candidate ?? from;
      if (event.event === 'policy') this.change(replica, event.data);
      else if (event.event === 'heartbeat') this.compare(replica, readHeartbeat(event.data));
      else if (event.event === 'reset') this.wantsSnapshot = true;
      this.contact();
      if (this.wantsSnapshot) return;
    }
  }

  private change(replica: Replica, data: string): void {
    const policy = readPolicy(data);
    if (policy.revision > replica.revision) replica.apply(policy);
    this.heartbeatsApart = 0;
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
      this.mismatch(`at revision ${replica.revision} the control plane holds ${theirs}; this relay, ${ours}`);
      return;
    }
    this.backoff.reset();
    if (replica === this.candidate || !this.verified) this.use(replica, true);
    this.options.onVerified(replica);
  }

  private mismatch(detail: string): void {
    this.digestMismatches++;
    this.wantsSnapshot = true;
    if (this.candidate === null) this.verified = false;
    this.options.onProblem({ code: 'digest-mismatch', detail: `A new snapshot is taken: ${detail}.` });
  }

  private use(replica: Replica, verified: boolean): void {
    this.candidate = null;
    this.inUse = replica;
    this.verified = verified;
    this.options.onReplica(replica);
  }

  private contact(): void {
    this.lastContact = this.options.elapsed();
  }

  /** Reports, and gives the milliseconds until the next attempt. */
  private failed(error: unknown): number {
    const { onProblem, refusedRetryMs } = this.options;
    const detail = describe(error);
    if (error instanceof Refused && error.keyRefused) {
      this.keyRefused = true;
      onProblem({ code: 'key-refused', detail: `${detail} Give this relay a valid key; it keeps its last policies.` });
      return refusedRetryMs;
    }
    if (error instanceof PolicyUnreadable || error instanceof LineTooLong) {
      this.unreadable++;
      this.wantsSnapshot = true;
      onProblem({ code: 'policy-unreadable', detail });
    } else if (error instanceof SnapshotRefused) {
      onProblem({ code: 'snapshot-refused', detail });
    } else if (error instanceof UnexpectedAnswer) {
      onProblem({ code: 'answer-unexpected', detail });
    } else {
      onProblem({ code: 'control-plane-unreachable', detail });
    }
    const retryAfterMs = error instanceof Refused ? (error.retryAfterMs ?? 0) : 0;
    return Math.min(this.options.retryMaxMs, Math.max(retryAfterMs, this.backoff.nextMs()));
  }
}

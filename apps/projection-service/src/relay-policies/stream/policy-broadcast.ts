import { setTimeout as sleep } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import { policyRevision } from '../../consumers/projection-metrics.js';
import type { PolicyTotals } from '../policy-totals.js';
import { heartbeatFrame, resetFrame, type FramePage, RevisionAhead } from './frame-pages.js';
import { PolicyLagMeter } from './policy-lag.js';
import { PolicyTail, type TailListener } from './policy-tail.js';
import type { StreamLimits } from './stream-limits.js';
import type { StreamMember } from './stream-member.js';

const RETRY_MS = 500;

/**
 * The streams of this process. A member first catches up at its own pace, from where it was; once it has all that the
 * tail has, it joins, and is from then on written what the tail reads. Joining is one synchronous step: no change
 * can fall between.
 */
export class PolicyBroadcast implements TailListener {
  private readonly members = new Set<StreamMember>();
  private readonly joined = new Set<StreamMember>();
  /** How many of the members came with a key. */
  private readonly byKey = new Map<string, number>();
  private readonly heartbeats: NodeJS.Timeout;
  private stopping = false;
  readonly lag = new PolicyLagMeter();
  readonly tail: PolicyTail;

  constructor(
    reader: DataSource,
    private readonly limits: StreamLimits,
    onFound: (by: 'notification' | 'poll') => void,
  ) {
    this.tail = new PolicyTail(reader, limits, this, onFound);
    this.heartbeats = setInterval(() => void this.beat(), limits.heartbeatMs);
  }

  /** Whether there is a place for one more stream with the key. */
  hasPlaceFor(apiKey: string): boolean {
    if (this.members.size >= this.limits.maxClients) return false;
    return (this.byKey.get(apiKey) ?? 0) < this.limits.maxClientsPerKey;
  }

  get open(): ReadonlySet<StreamMember> {
    return this.members;
  }

  /**
   * Serves the member until it has joined or ended. Throws only before its answer has begun: the database's error.
   */
  async serve(member: StreamMember): Promise<void> {
    this.members.add(member);
    this.byKey.set(member.apiKey, (this.byKey.get(member.apiKey) ?? 0) + 1);
    try {
      await this.catchUp(member);
    } catch (error) {
      this.forget(member);
      throw error;
    }
  }

  forget(member: StreamMember): void {
    this.joined.delete(member);
    if (!this.members.delete(member)) return;
    const left = (this.byKey.get(member.apiKey) ?? 1) - 1;
    if (left === 0) this.byKey.delete(member.apiKey);
    else this.byKey.set(member.apiKey, left);
  }

  onPage(page: FramePage): void {
    policyRevision.set(page.upTo);
    for (const member of this.joined) {
      if (member.position < page.upTo) {
        member.send(page.behind(member.position));
        member.position = page.upTo;
      }
      if (!member.greeted) this.greet(member, page.totals);
    }
  }

  onGoneBack(): void {
    for (const member of this.members) if (member.isOpen) member.end('reset', resetFrame('revision-ahead'));
  }

  async stop(): Promise<void> {
    this.stopping = true;
    clearInterval(this.heartbeats);
    for (const member of this.members) member.end('shutdown');
    await this.tail.stop();
  }

  private async catchUp(member: StreamMember): Promise<void> {
    let totals: PolicyTotals | null = null;
    while (!member.ended && !this.stopping) {
      const { position } = this.tail;
      if (member.position === position) totals = this.tail.totals;
      const hasAll = member.position === position || totals?.revision === member.position;
      if (position !== null && member.position >= position && hasAll) return this.join(member, totals);
      try {
        const page = await this.tail.pageBehind(member.position);
        await member.sendAndWait(page.behind(member.position));
        member.position = page.upTo;
        totals = page.totals;
        if (position === null) await sleep(RETRY_MS / 10);
      } catch (error) {
        if (error instanceof RevisionAhead) return member.end('reset', resetFrame('revision-ahead'));
        if (!member.isOpen) throw error;
        await sleep(RETRY_MS);
      }
    }
    if (this.stopping) member.end('shutdown');
  }

  private join(member: StreamMember, totals: PolicyTotals | null): void {
    member.open();
    this.joined.add(member);
    this.greet(member, totals);
  }

  private greet(member: StreamMember, totals: PolicyTotals | null): void {
    if (totals?.revision !== member.position) return;
    member.greeted = true;
    member.send(heartbeatFrame(totals, this.lag.value));
  }

  /** Only to members that were sent exactly what the heartbeat speaks of; the tail's totals stay while the database is away. */
  private async beat(): Promise<void> {
    await this.lag.refresh(this.limits.heartbeatMs / 2);
    const { totals } = this.tail;
    if (!totals || this.stopping) return;
    const frame = heartbeatFrame(totals, this.lag.value);
    for (const member of this.joined) {
      if (member.position !== totals.revision) continue;
      member.greeted = true;
      member.send(frame);
    }
  }
}

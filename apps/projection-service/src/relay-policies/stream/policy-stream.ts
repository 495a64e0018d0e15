import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { PolicyLag, Revision } from '@postern/contracts';
import { Listener, roleUrl } from '@postern/database';
import { countLimited, KeyWatch, REPLIES_CHANNEL } from '@postern/access';
import { hasCapacityFor, Problem, type Principal } from '@postern/http';
import { type Relay, RelayContacts } from '@postern/process';
import { SETTINGS, type RuntimeSettings } from '@postern/settings';
import type { DataSource } from 'typeorm';
import { policyRevision, streamClients, streamsEnded } from '../../consumers/projection-metrics.js';
import { POLICIES_CHANNEL } from '../policies-channel.js';
import { assertPoliciesComplete } from '../policies-not-ready.js';
import type { PolicyTotals } from '../policy-totals.js';
import { heartbeatFrame, resetFrame, RevisionAhead, type FramePage, type ResetReason } from './frame-pages.js';
import { PolicyLagMeter } from './policy-lag.js';
import { PolicyTail, type TailListener } from './policy-tail.js';
import { ReplyTail } from './reply-tail.js';
import { STREAM_LIMITS, type StreamLimits } from './stream-limits.js';
import { StreamMember } from './stream-member.js';

const RETRY_MS = 500;
/** Bytes of replies that are written before the relay must have read them. */
const REPLY_BYTES = 262_144;

/**
 * The tail reads the table once for the process. A member first catches up on its own. At the tail's position it joins, and from then on
 * gets the tail's pages. Joining is one synchronous step, so no change is missed.
 */
@Injectable()
export class PolicyStream implements TailListener, OnModuleDestroy {
  private readonly members = new Set<StreamMember>();
  private readonly tail: PolicyTail;
  private readonly replies: ReplyTail;
  private readonly lag = new PolicyLagMeter();
  private readonly wakes: Listener;
  private readonly heartbeats: NodeJS.Timeout;
  private stopping = false;

  constructor(
    @InjectDataSource('postern_relay_reader') private readonly reader: DataSource,
    @InjectDataSource('postern_access') access: DataSource,
    @Inject(KeyWatch) private readonly keys: KeyWatch,
    @Inject(SETTINGS) settings: RuntimeSettings,
    @Inject(STREAM_LIMITS) private readonly limits: StreamLimits,
    @Inject(RelayContacts) private readonly relays: RelayContacts,
  ) {
    relays.followStreams(() => [...this.members].map((member) => member.seen(this.tail.position)));
    this.tail = new PolicyTail(reader, limits, this, (by) => this.wakes.foundBy(by));
    this.replies = new ReplyTail(access, limits.pollMs, this);
    this.wakes = new Listener({
      url: roleUrl(settings.databaseUrl, 'postern_relay_reader'),
      name: 'relay-policies',
      channels: [POLICIES_CHANNEL, REPLIES_CHANNEL],
      // A changed reply has no revision of the policies.
      onWake: (revision) => {
        if (!revision) this.replies.wake();
        if (revision !== '') this.tail.wake(revision === null ? undefined : Number(revision));
      },
    });
    this.heartbeats = setInterval(() => void this.beat(), limits.heartbeatMs);
  }

  measureLagBy(measure: () => Promise<PolicyLag>): void {
    this.lag.measureBy(measure);
  }

  /** @throws before the answer begins: `too-many-requests`, `not-ready`, the database's error. */
  async serve(response: ServerResponse, caller: Principal, from: Revision, relay: Relay): Promise<void> {
    await assertPoliciesComplete(this.reader);
    if (response.destroyed) return;
    // No await between this check and the entry of the stream, so that simultaneous requests cannot exceed the limit.
    const { keyId } = caller.actor;
    if (!hasCapacityFor(keyId, this.members, this.limits)) {
      countLimited('policy-streams');
      throw new Problem(
        'too-many-requests',
        `This process serves ${this.limits.maxClients} streams already, or ${this.limits.maxClientsPerKey} with your API key. Try again soon, or use another instance.`,
        { headers: { 'retry-after': '5' } },
      );
    }
    const member = new StreamMember(response, this.limits, keyId, from, relay);
    const endWatch = this.keys.watch(caller, () => member.end('key-revoked'));
    member.whenEnded((reason) => {
      endWatch();
      this.forget(member);
      streamsEnded.inc({ reason });
      this.relays.streamEnded(member.seen(this.tail.position));
    });
    this.members.add(member);
    this.relays.hasReported(relay);
    streamClients.set(this.members.size);
    try {
      await this.catchUp(member);
    } catch (error) {
      this.forget(member);
      throw error;
    }
  }

  reset(response: ServerResponse, reason: ResetReason, relay: Relay): void {
    new StreamMember(response, this.limits, '', 0 as Revision, relay).end('reset', resetFrame(reason));
    streamsEnded.inc({ reason: 'reset' });
  }

  onPage(page: FramePage): void {
    policyRevision.set(page.upTo);
    for (const member of this.members) {
      if (!member.joined) continue;
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

  onReplies(): void {
    for (const member of this.members) {
      if (!member.joined) continue;
      member.send(this.replies.behind(member.repliesAt));
      member.repliesAt = this.replies.position ?? member.repliesAt;
    }
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping = true;
    clearInterval(this.heartbeats);
    for (const member of this.members) member.end('shutdown');
    await Promise.all([this.tail.stop(), this.replies.stop(), this.wakes.stop()]);
  }

  private forget(member: StreamMember): void {
    this.members.delete(member);
    streamClients.set(this.members.size);
  }

  /** Serves the member until it has joined or ended. @throws the database's error, before the answer begins. */
  private async catchUp(member: StreamMember): Promise<void> {
    let totals: PolicyTotals | null = null;
    while (!member.ended && !this.stopping) {
      // First all replies: the relay then has them before it decides by a newer policy, and drops its old ones.
      const { position: repliesAt } = this.replies;
      if (repliesAt === null) {
        await sleep(RETRY_MS / 10);
        continue;
      }
      if (member.repliesAt !== repliesAt) {
        const bytes = this.replies.behind(member.repliesAt);
        for (let at = 0; at < bytes.length; at += REPLY_BYTES)
          await member.sendAndWait(bytes.subarray(at, at + REPLY_BYTES));
        member.repliesAt = repliesAt;
        continue;
      }
      const { position } = this.tail;
      if (member.position === position) totals = this.tail.totals;
      const hasAll = member.position === position || totals?.revision === member.position;
      if (position !== null && member.position >= position && hasAll) {
        member.open();
        member.joined = true;
        return this.greet(member, totals);
      }
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

  private greet(member: StreamMember, totals: PolicyTotals | null): void {
    if (totals?.revision !== member.position) return;
    member.greeted = true;
    member.send(heartbeatFrame(totals, this.lag.value));
  }

  /** Only for members at the position of these totals. The tail keeps them while the database is unavailable. */
  private async beat(): Promise<void> {
    await this.lag.refresh(this.limits.heartbeatMs / 2);
    const { totals } = this.tail;
    if (!totals || this.stopping) return;
    const frame = heartbeatFrame(totals, this.lag.value);
    for (const member of this.members) {
      if (!member.joined || member.position !== totals.revision) continue;
      member.greeted = true;
      member.send(frame);
    }
  }
}

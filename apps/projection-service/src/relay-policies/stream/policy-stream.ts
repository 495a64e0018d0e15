import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { Semaphore } from '@postern/async';
import type { PolicyLag } from '@postern/contracts';
import { Listener, roleUrl } from '@postern/database';
import { countLimited, KeyWatch, REPLIES_CHANNEL } from '@postern/access';
import { hasCapacityFor, Problem, type Principal } from '@postern/http';
import { consumerReports } from '@postern/observe';
import { type Relay, RelayContacts } from '@postern/process';
import { SETTINGS, type RuntimeSettings } from '@postern/settings';
import type { DataSource } from 'typeorm';
import { policyRevision, streamClients, streamsEnded } from '../../consumers/projection-metrics.js';
import { loadTotals } from '../load-totals.js';
import { POLICIES_CHANNEL, POLICIES_CONSUMER, type PolicyTotals } from '../published-policies.js';
import { heartbeatFrame, resetFrame, type FramePage, type ResetReason } from './frame-pages.js';
import { readPolicies, readReplies, RevisionAhead } from './read-pages.js';
import { STREAM_LIMITS, type StreamLimits } from './stream-limits.js';
import { StreamMember } from './stream-member.js';
import { TableTail } from './table-tail.js';

const RETRY_MS = 500;
const WAIT_MS = 50;

/**
 * Two tails read the policies and the tenants' replies once for the process. A member first catches up on its own. At the tails' positions it
 * joins, and from then on gets the tails' pages. Joining is one synchronous step, so no change is missed.
 */
@Injectable()
export class PolicyStream implements OnModuleDestroy {
  private readonly members = new Set<StreamMember>();
  private readonly policies: TableTail<PolicyTotals>;
  private readonly replies: TableTail<object>;
  private readonly reads: Semaphore;
  private readonly wakes: Listener;
  private readonly heartbeats: NodeJS.Timeout;
  private lag: PolicyLag = { lagEvents: null, lagSeconds: null };
  private stopping = false;

  constructor(
    @InjectDataSource('postern_relay_reader') private readonly reader: DataSource,
    @InjectDataSource('postern_access') private readonly access: DataSource,
    @Inject(KeyWatch) private readonly keys: KeyWatch,
    @Inject(SETTINGS) settings: RuntimeSettings,
    @Inject(STREAM_LIMITS) private readonly limits: StreamLimits,
    @Inject(RelayContacts) private readonly relays: RelayContacts,
  ) {
    this.reads = new Semaphore(limits.catchUpReads);
    relays.followStreams(() => [...this.members].map((member) => member.seen(this.policies.position)));
    const onGoneBack = () => this.resetAll();
    const onFound = (by: 'notification' | 'poll') => this.wakes.foundBy(by);
    this.policies = new TableTail(
      {
        name: 'relay policies',
        read: (after) => readPolicies(reader, after),
        onPage: (page) => {
          policyRevision.set(page.upTo);
          this.broadcast(page, 'position');
          this.beat([...this.members].filter(({ greeted }) => !greeted));
        },
        onGoneBack,
        onFound,
      },
      limits.pollMs,
    );
    this.replies = new TableTail(
      {
        name: 'replies of tenants',
        read: (after) => readReplies(access, after),
        onPage: (page) => this.broadcast(page, 'repliesAt'),
        onGoneBack,
        onFound,
      },
      limits.pollMs,
    );
    this.wakes = new Listener({
      url: roleUrl(settings.databaseUrl, 'postern_relay_reader'),
      name: 'relay-policies',
      channels: [POLICIES_CHANNEL, REPLIES_CHANNEL],
      // A changed reply has no revision of the policies.
      onWake: (revision) => {
        if (!revision) this.replies.wake();
        if (revision !== '') this.policies.wake(revision === null ? undefined : Number(revision));
      },
    });
    this.heartbeats = setInterval(() => void this.measureAndBeat(), limits.heartbeatMs);
  }

  /** @throws before the answer begins: `too-many-requests`, `not-ready`, the database's error. */
  async serve(response: ServerResponse, caller: Principal, from: number, relay: Relay): Promise<void> {
    await loadTotals((sql) => this.reader.query(sql));
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
    new StreamMember(response, this.limits, '', 0, relay).end('reset', resetFrame(reason));
    streamsEnded.inc({ reason: 'reset' });
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping = true;
    clearInterval(this.heartbeats);
    for (const member of this.members) member.end('shutdown');
    await Promise.all([this.policies.stop(), this.replies.stop(), this.wakes.stop()]);
  }

  private forget(member: StreamMember): void {
    this.members.delete(member);
    streamClients.set(this.members.size);
  }

  private resetAll(): void {
    for (const member of this.members) if (member.isOpen) member.end('reset', resetFrame('revision-ahead'));
  }

  private broadcast(page: FramePage<unknown>, sentUpTo: 'position' | 'repliesAt'): void {
    for (const member of this.members) {
      if (!member.joined || member[sentUpTo] >= page.upTo) continue;
      member.send(page.behind(member[sentUpTo]));
      member[sentUpTo] = page.upTo;
    }
  }

  /** Serves the member until it has joined or ended. @throws the database's error, before the answer begins. */
  private async catchUp(member: StreamMember): Promise<void> {
    for (let policiesRead = false; !member.ended && !this.stopping;) {
      const { replies, policies } = this;
      try {
        if (replies.position === null || policies.position === null) await sleep(WAIT_MS);
        // First all replies: the relay then has them before it decides by a newer policy, and drops its old ones.
        else if (member.repliesAt < replies.position) {
          const page = await this.reads.run(() => readReplies(this.access, member.repliesAt));
          await member.sendAndWait(page.behind(member.repliesAt));
          member.repliesAt = page.upTo;
        } else if (member.position < policies.position || !policiesRead) {
          // At least once, because the member may have a revision that this database never had.
          const page = await this.reads.run(() => readPolicies(this.reader, member.position));
          await member.sendAndWait(page.behind(member.position));
          member.position = page.upTo;
          policiesRead = true;
        } else {
          member.open();
          member.joined = true;
          return this.beat([member]);
        }
      } catch (error) {
        if (error instanceof RevisionAhead) return member.end('reset', resetFrame('revision-ahead'));
        if (!member.isOpen) throw error;
        await sleep(RETRY_MS);
      }
    }
    if (this.stopping) member.end('shutdown');
  }

  private async measureAndBeat(): Promise<void> {
    const consumer = (await consumerReports()).find(({ name }) => name === POLICIES_CONSUMER);
    this.lag = { lagEvents: consumer?.lagEvents ?? null, lagSeconds: consumer?.lagSeconds ?? null };
    if (!this.stopping) this.beat(this.members);
  }

  /** A heartbeat for those who were sent everything. The tail keeps its totals while the database is unavailable. */
  private beat(members: Iterable<StreamMember>): void {
    const totals = this.policies.end;
    if (!totals) return;
    const frame = heartbeatFrame(totals, this.lag);
    for (const member of members) {
      if (!member.joined || member.position !== totals.revision) continue;
      member.greeted = true;
      member.send(frame);
    }
  }
}

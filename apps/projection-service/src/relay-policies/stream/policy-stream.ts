import type { ServerResponse } from 'node:http';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { PolicyLag, Revision } from '@postern/contracts';
import { Listener, roleUrl } from '@postern/database';
import { countLimited, KeyWatch } from '@postern/access';
import { Problem } from '@postern/http';
import { SETTINGS, type RuntimeSettings } from '@postern/settings';
import type { DataSource } from 'typeorm';
import { streamClients, streamsEnded } from '../../consumers/projection-metrics.js';
import { POLICIES_CHANNEL } from '../policies-channel.js';
import { assertPoliciesWhole } from '../policies-not-ready.js';
import { resetFrame, type ResetReason } from './frame-pages.js';
import { PolicyBroadcast } from './policy-broadcast.js';
import { STREAM_LIMITS, type StreamLimits } from './stream-limits.js';
import { StreamMember } from './stream-member.js';

/** The one hub of this process: relays come and go, the table is followed once. */
@Injectable()
export class PolicyStream implements OnModuleDestroy {
  private readonly broadcast: PolicyBroadcast;
  private readonly wakes: Listener;

  constructor(
    @InjectDataSource('postern_relay_reader') private readonly reader: DataSource,
    @Inject(KeyWatch) private readonly keys: KeyWatch,
    @Inject(SETTINGS) settings: RuntimeSettings,
    @Inject(STREAM_LIMITS) private readonly limits: StreamLimits,
  ) {
    this.broadcast = new PolicyBroadcast(reader, limits, (by) => this.wakes.foundBy(by));
    this.wakes = new Listener({
      url: roleUrl(settings.databaseUrl, 'postern_relay_reader'),
      name: 'relay-policies',
      channels: [POLICIES_CHANNEL],
      onWake: (revision) => this.wake(revision === null ? undefined : Number(revision)),
    });
  }

  /** There is something new: the consumer of this process calls it as soon as it has committed. */
  wake(revision?: number): void {
    this.broadcast.tail.wake(revision);
  }

  /** From now on heartbeats say how far the policies are behind the journal. */
  measureLagBy(measure: () => Promise<PolicyLag>): void {
    this.broadcast.lag.measureBy(measure);
  }

  /** Streams to the relay from a revision on. Throws `too-many-requests`, `not-ready`, or the database's error, before the answer begins. */
  async serve(response: ServerResponse, apiKey: string, from: Revision): Promise<void> {
    if (!this.broadcast.hasPlaceFor(apiKey)) {
      countLimited('policy-streams');
      throw new Problem(
        'too-many-requests',
        `This process serves ${this.limits.maxClients} streams, or ${this.limits.maxClientsPerKey} with your API key, already. Try again soon, or another one.`,
        { headers: { 'retry-after': '5' } },
      );
    }
    await assertPoliciesWhole(this.reader);
    const member = new StreamMember(response, this.limits, apiKey, from);
    const endWatch = this.keys.watch(apiKey, () => member.end('key-revoked'));
    member.whenEnded((reason) => {
      endWatch();
      this.broadcast.forget(member);
      streamsEnded.inc({ reason });
      streamClients.set(this.broadcast.open.size);
    });
    const serving = this.broadcast.serve(member);
    streamClients.set(this.broadcast.open.size);
    await serving;
  }

  /** Tells the relay to take a snapshot, and ends. */
  reset(response: ServerResponse, reason: ResetReason): void {
    new StreamMember(response, this.limits, '', 0 as Revision).end('reset', resetFrame(reason));
    streamsEnded.inc({ reason: 'reset' });
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all([this.broadcast.stop(), this.wakes.stop()]);
  }
}

import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { Backoff, WakeSignal } from '@postern/async';
import { encodePolicy, RELAY_POLICIES_TOPIC, type JournalId } from '@postern/contracts';
import { LeaderElection, Listener, roleUrl } from '@postern/database';
import { EVENT_BUS, WriteRefused, type EventBus, type TopicWriter } from '@postern/event-bus';
import { loadJournalId } from '@postern/event-store';
import { observeConsumer, Readiness } from '@postern/observe';
import { SETTINGS, type RuntimeSettings } from '@postern/settings';
import type { DataSource } from 'typeorm';
import {
  policiesPublished,
  policyPublisherHalted,
  policyPublisherLeader,
  publishFailures,
} from '../../consumers/projection-metrics.js';
import { POLICIES_CHANNEL } from '../published-policies.js';
import {
  countUnpublished,
  nextPolicies,
  notePublished,
  POLICY_PUBLISHER_LOCK,
  PUBLICATION_CHANNEL,
  publishAgain,
} from './publication.js';

/** Each may have 1,000 entries, about 70 KB. */
const PAGE = 200;
const POLL_MS = 1_000;
const RETRY_FIRST_MS = 100;
const RETRY_LONGEST_MS = 1_000;

/** Writes each change to the topic, if the bus has one: at least once, in revision order, by one leader. */
@Injectable()
export class PolicyPublisher implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('policy publisher');
  private readonly url: string;
  /** A refusal stays until a write succeeds: temporary errors in between say less. */
  private lastError: Error | null = null;
  private behindSince: number | null = null;
  private signal: WakeSignal | undefined;
  private listener: Listener | undefined;
  private election: LeaderElection | undefined;

  constructor(
    @Inject(EVENT_BUS) private readonly bus: EventBus,
    @InjectDataSource('postern_projection') private readonly dataSource: DataSource,
    @Inject(SETTINGS) settings: RuntimeSettings,
    @Inject(Readiness) private readonly readiness: Readiness,
  ) {
    this.url = roleUrl(settings.databaseUrl, 'postern_projection');
  }

  onApplicationBootstrap(): void {
    const writer = this.bus.writer?.(RELAY_POLICIES_TOPIC);
    if (!writer) return;
    this.listener = new Listener({
      url: this.url,
      name: 'policy-publisher',
      channels: [POLICIES_CHANNEL, PUBLICATION_CHANNEL],
      onWake: () => this.signal?.wake(),
    });
    this.election = new LeaderElection({
      url: this.url,
      lock: POLICY_PUBLISHER_LOCK,
      applicationName: 'postern_policy_publisher',
      lead: () => this.lead(writer),
      onFailure: (error) => this.failed(error),
    });
    observeConsumer(RELAY_POLICIES_TOPIC, {
      lag: () => this.lag(),
      status: () => ({ lastError: this.lastError, halted: this.halted }),
    });
    // An unavailable broker shows only as lag, because relays do not need it.
    this.readiness.add(RELAY_POLICIES_TOPIC, () => (this.halted ? `halted: ${this.lastError?.message}` : null));
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all([this.election?.stop(), this.listener?.stop()]);
  }

  private get halted(): boolean {
    return this.lastError instanceof WriteRefused;
  }

  private lead(writer: TopicWriter): { stop(): Promise<void> } {
    const signal = (this.signal = new WakeSignal());
    const publishing = this.publish(writer, signal);
    return {
      stop: async () => {
        signal.close();
        // Abort what is being sent: the new leader must not wait for it.
        await writer.close();
        await publishing;
        this.note(null);
      },
    };
  }

  private async publish(writer: TopicWriter, signal: WakeSignal): Promise<void> {
    const backoff = new Backoff(RETRY_FIRST_MS, RETRY_LONGEST_MS);
    while (!signal.closed) {
      try {
        const journal = await loadJournalId(this.dataSource);
        if ((await writer.open(journal)) === 'empty') await publishAgain(this.dataSource);
        policyPublisherLeader.set(1);
        await this.publishPages(writer, journal, signal, backoff);
      } catch (error) {
        if (!signal.closed) this.failed(error as Error);
      }
      policyPublisherLeader.set(0);
      await writer.close();
      await signal.pause(backoff.nextMs());
    }
  }

  private async publishPages(
    writer: TopicWriter,
    journal: JournalId,
    signal: WakeSignal,
    backoff: Backoff,
  ): Promise<void> {
    let waited: 'notification' | 'poll' | null = null;
    while (!signal.closed) {
      const { from, policies } = await nextPolicies(this.dataSource, PAGE);
      const last = policies.at(-1);
      if (last) {
        if (waited) this.listener?.foundBy(waited);
        await writer.write(policies.map((policy) => encodePolicy(policy, journal)));
        await notePublished(this.dataSource, from, last.revision);
        policiesPublished.inc(policies.length);
      }
      this.note(null);
      backoff.reset();
      waited = null;
      if (policies.length < PAGE) waited = (await signal.wait(POLL_MS)) ? 'notification' : 'poll';
    }
  }

  private note(error: Error | null): void {
    this.lastError = error;
    policyPublisherHalted.set(this.halted ? 1 : 0);
  }

  private failed(error: Error): void {
    publishFailures.inc();
    if (!this.halted || error instanceof WriteRefused) this.note(error);
    this.logger.error(
      `The relay policies could not be written to ${RELAY_POLICIES_TOPIC}. The next attempt follows soon. ${error.message}`,
    );
  }

  /** A policy has no time, so the age counts from when it was first seen waiting. */
  private async lag(): Promise<{ events: number; seconds: number }> {
    const waiting = await countUnpublished(this.dataSource);
    this.behindSince = waiting === 0 ? null : (this.behindSince ?? performance.now());
    return { events: waiting, seconds: this.behindSince === null ? 0 : (performance.now() - this.behindSince) / 1_000 };
  }
}

import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { Backoff, WakeSignal } from '@postern/async';
import { encodePolicy, RELAY_POLICIES_TOPIC, type JournalId } from '@postern/contracts';
import { Listener, roleUrl } from '@postern/database';
import { EVENT_BUS, WriteRefused, type EventBus, type TopicWriter } from '@postern/event-bus';
import { loadJournalId } from '@postern/event-store';
import { observeLag, Readiness } from '@postern/observe';
import { SETTINGS, type RuntimeSettings } from '@postern/settings';
import type { DataSource } from 'typeorm';
import { observePolicyPublisher, policiesPublished, publishFailures } from '../../consumers/projection-metrics.js';
import { POLICIES_CHANNEL } from '../policies-channel.js';
import { publication, PUBLICATION_CHANNEL } from './publication.js';
import { PublishingSession } from './publishing-session.js';

/** Each may have 1,000 entries, some 70 KB. */
const PAGE = 200;
/** How soon a stand-by takes over, and how soon what no wake told of is seen. */
const POLL_MS = 1_000;
const RETRY_FIRST_MS = 100;
const RETRY_LONGEST_MS = 1_000;

/**
 * Writes every change of the relay policies to their topic, where the bus has one: at least once, in the order of the revisions. Of
 * several processes one does, and another takes over when it is gone.
 */
@Injectable()
export class PolicyPublisher implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger('policy publisher');
  private readonly backoff = new Backoff(RETRY_FIRST_MS, RETRY_LONGEST_MS);
  private readonly url: string;
  private leads = false;
  private refused: string | null = null;
  private behindSince: number | null = null;
  private readonly signal = new WakeSignal();
  private running: Promise<void> = Promise.resolve();

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
    this.running = this.run(writer);
    observeLag(RELAY_POLICIES_TOPIC, () => this.lag());
    observePolicyPublisher(() => ({ leads: this.leads, halted: this.refused !== null }));
    // A broker that is away is told by the lag alone: relays are served without it.
    this.readiness.add(RELAY_POLICIES_TOPIC, () => this.refused);
  }

  async onModuleDestroy(): Promise<void> {
    this.signal.close();
    await this.running;
  }

  private async run(writer: TopicWriter): Promise<void> {
    const listener = new Listener({
      url: this.url,
      name: 'policy-publisher',
      channels: [POLICIES_CHANNEL, PUBLICATION_CHANNEL],
      onWake: () => this.signal.wake(),
    });
    while (!this.signal.closed) {
      let pause = POLL_MS;
      try {
        await this.lead(writer, listener);
      } catch (error) {
        if (this.signal.closed) break;
        pause = this.backoff.nextMs();
        publishFailures.inc();
        const { message } = error as Error;
        if (error instanceof WriteRefused) this.refused = `halted: ${message}`;
        this.logger.error(
          `The relay policies could not be written to ${RELAY_POLICIES_TOPIC}; next try soon. ${message}`,
        );
      }
      await this.signal.pause(pause);
    }
    await listener.stop();
  }

  /** Publishes until it is stopped or something fails; returns at once where another process does. */
  private async lead(writer: TopicWriter, listener: Listener): Promise<void> {
    const session = await PublishingSession.take(this.url, () => this.signal.wake());
    if (!session) {
      this.refused = null;
      return;
    }
    try {
      const journal = await loadJournalId(this.dataSource);
      // A topic that was deleted and made anew is filled by itself.
      if ((await writer.open(journal)) === 'empty') await session.restart();
      this.leads = true;
      let waited: 'notification' | 'poll' | null = null;
      while (!this.signal.closed) {
        const found = await this.publishPage(session, writer, journal);
        this.refused = null;
        this.backoff.reset();
        if (waited && found > 0) listener.foundBy(waited);
        waited = null;
        if (found < PAGE) waited = (await this.signal.wait(POLL_MS)) ? 'notification' : 'poll';
      }
    } finally {
      this.leads = false;
      await writer.close();
      await session.end();
    }
  }

  /** How many there were to write. */
  private async publishPage(session: PublishingSession, writer: TopicWriter, journal: JournalId): Promise<number> {
    const from = await session.published();
    const page = await session.pageBehind(from, PAGE);
    const last = page.at(-1);
    if (!last) return 0;
    await writer.write(page.map((policy) => encodePolicy(policy, journal)));
    await session.advance(from, last.revision);
    policiesPublished.inc(page.length);
    return page.length;
  }

  /** A policy has no time of its own: since when it waits is since when that was first seen. */
  private async lag(): Promise<{ events: number; seconds: number }> {
    const { waiting } = await publication(this.dataSource);
    this.behindSince = waiting === 0 ? null : (this.behindSince ?? performance.now());
    return { events: waiting, seconds: this.behindSince === null ? 0 : (performance.now() - this.behindSince) / 1_000 };
  }
}

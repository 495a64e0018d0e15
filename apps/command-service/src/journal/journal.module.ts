import { Inject, Module, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import { accessEntities } from '@postern/access';
import { openDataSource, WRITE_IDLE_MS } from '@postern/database';
import { assertJournalBelongsToCluster, Journal } from '@postern/event-store';
import { dataSourceModule } from '@postern/data-sources';
import { gauge, Readiness } from '@postern/observe';
import { SETTINGS, type RuntimeSettings } from '@postern/settings';
import type { DataSource } from 'typeorm';

const WRITER = getDataSourceToken('postern_journal_writer');

/** A connection that is idle in transaction holds back the feed. */
export const WRITE_POOL = {
  entities: accessEntities,
  poolSize: 6,
  idleInTransactionMs: WRITE_IDLE_MS,
  prepare: true,
};

let observed: Journal | undefined;
gauge(
  'postern_journal_queue_appends',
  'Appends that wait for their turn to be written; above 4,096 a write is answered 503.',
  [],
  (queue) => queue.set(observed?.waiting ?? 0),
);

@Module({
  imports: [dataSourceModule('postern_journal_writer', WRITE_POOL)],
  providers: [{ provide: Journal, inject: [WRITER], useFactory: (writer: DataSource) => new Journal(writer) }],
  exports: [Journal],
})
export class JournalModule implements OnModuleInit, OnApplicationShutdown {
  constructor(
    @Inject(Journal) private readonly journal: Journal,
    @Inject(WRITER) private readonly writer: DataSource,
    @Inject(SETTINGS) private readonly settings: RuntimeSettings,
    @Inject(Readiness) private readonly readiness: Readiness,
  ) {}

  /** A journal restored into a younger cluster must not get new events. */
  async onModuleInit(): Promise<void> {
    const feed = await openDataSource(this.settings.databaseUrl, 'postern_feed', { poolSize: 1 });
    try {
      await assertJournalBelongsToCluster(feed);
    } finally {
      await feed.destroy();
    }
    observed = this.journal;
    this.readiness.add('journal', async () => {
      await this.writer.query('SELECT 1');
      return null;
    });
  }

  /** The HTTP server has answered its requests by now. */
  async onApplicationShutdown(): Promise<void> {
    await this.journal.stop();
  }
}

import { METADATA, recorded, type Happened, until } from '@postern/testing';
import { Global, Inject, Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { getDataSourceToken } from '@nestjs/typeorm';
import type { Role, SmtpUserEvent, TenantId, TenantReply } from '@postern/contracts';
import { openDataSource, roleUrl } from '@postern/database';
import { EmbeddedEventBus, EVENT_BUS, type EventBus, type TopicWriter } from '@postern/event-bus';
import { Journal } from '@postern/event-store';
import { AccessModule, saveReply } from '@postern/access';
import { createHttpApp, ObserveModule } from '@postern/process';
import { dataSourceModule } from '@postern/data-sources';
import { loadSettings, SETTINGS, SettingsModule, type RuntimeSettings } from '@postern/settings';
import { AccessRows, type TestDatabase } from '@postern/testing';
import type { DataSource } from 'typeorm';
import { ProjectionServiceModule, type StreamLimits } from '../index.js';
import { migratedDatabase } from './migrated-database.js';

/** For tests: a database with a journal, tenants and keys, and the service on it. */
export interface World {
  readonly database: TestDatabase;
  /** Appends, one transaction a call; a user's versions are counted on from what was appended here. */
  append(history: readonly Happened[]): Promise<void>;
  /** Sets what relays answer to denied logins of the tenant. */
  setReply(tenantId: string, reply: TenantReply): Promise<void>;
  newTenant(id: string): Promise<TenantId>;
  newKey(role: Role, tenantId?: string): Promise<string>;
  revoke(key: string): Promise<void>;
  /** Starts the service; it listens on a free port. Resolves when it is ready, or `at once`. */
  start(limits?: Partial<StreamLimits>, when?: 'ready' | 'at once', writer?: NewWriter): Promise<RunningApp>;
  end(): Promise<void>;
}

export interface RunningApp {
  readonly app: NestFastifyApplication;
  readonly url: string;
  stop(): Promise<void>;
}

/** Made once: TypeORM warns of a second one of the same name. */
const FEED = dataSourceModule('postern_feed', { poolSize: 2 });

/** For the policies' topic; without one the bus has no topics. */
type NewWriter = (topic: string) => TopicWriter;

@Global()
@Module({})
class TestBusModule implements OnApplicationShutdown {
  constructor(@Inject(EVENT_BUS) private readonly bus: EventBus) {}

  static forRoot(writer: NewWriter | undefined): DynamicModule {
    return {
      module: TestBusModule,
      imports: [FEED],
      providers: [
        {
          provide: EVENT_BUS,
          inject: [getDataSourceToken('postern_feed'), SETTINGS],
          useFactory: (feed: DataSource, settings: RuntimeSettings) =>
            Object.assign(
              new EmbeddedEventBus({ feed, feedUrl: roleUrl(settings.databaseUrl, 'postern_feed') }),
              writer ? { writer } : {},
            ),
        },
      ],
      exports: [EVENT_BUS],
    };
  }

  onApplicationShutdown(): Promise<void> {
    return this.bus.stop();
  }
}

@Module({})
class TestModule {
  static forRoot(settings: RuntimeSettings, limits: Partial<StreamLimits>, writer?: NewWriter): DynamicModule {
    const service = ProjectionServiceModule.withLimits(limits);
    return {
      module: TestModule,
      imports: [SettingsModule.forRoot(settings), ObserveModule, AccessModule, TestBusModule.forRoot(writer), service],
    };
  }
}

export async function createWorld(): Promise<World> {
  const database = await migratedDatabase();
  const writer = await openDataSource(database.url, 'postern_journal_writer', { poolSize: 4 });
  const journal = new Journal(writer);
  const access = new AccessRows(database.url);
  const running = new Set<RunningApp>();
  const versions = new Map<string, number>();

  const world: World = {
    database,

    append: async (history) => {
      for (const { streamId, tenantId, type, data } of recorded(history)) {
        const expectedVersion = versions.get(streamId) ?? 0;
        versions.set(streamId, expectedVersion + 1);
        const events = [{ type, data } as SmtpUserEvent];
        await journal.append({ tenantId, streamId, expectedVersion, events, metadata: METADATA });
      }
    },
    setReply: (tenantId, reply) =>
      writer.transaction((manager) => saveReply(manager, tenantId as TenantId, { reply, version: 2 })),
    newTenant: (id) => access.tenant(id),
    newKey: (role, tenantId) => access.key(role, tenantId),
    revoke: (key) => access.revoke(key),
    start: async (limits = {}, when = 'ready', writer = undefined) => {
      const settings = { ...loadSettings({ POSTERN_LOG_LEVEL: 'silent' }), databaseUrl: database.url };
      const app = await createHttpApp(TestModule.forRoot(settings, limits, writer), settings);
      await app.listen(0, '127.0.0.1');
      const started: RunningApp = {
        app,
        url: await app.getUrl(),
        stop: async () => {
          running.delete(started);
          await app.close();
        },
      };
      running.add(started);
      if (when === 'ready') {
        await until(async () => (await app.inject('/health/ready')).statusCode === 200, 'readiness');
      }
      return started;
    },
    end: async () => {
      for (const each of running) await each.stop();
      await journal.stop();
      await writer.destroy();
      await database.drop();
    },
  };
  return world;
}

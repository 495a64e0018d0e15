import { Global, Module, type DynamicModule } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { authDenialsStream, type AuthDenialEvent, type Role, type SmtpUserEvent } from '@postern/contracts';
import { openDataSource } from '@postern/database';
import { Journal } from '@postern/event-store';
import { createHttpApp, serviceModule } from '@postern/process';
import { EXPORT_LIMITS, type ExportLimits } from '@postern/lists';
import { loadSettings } from '@postern/settings';
import { AccessRows, onDatabase, until } from '@postern/testing';
import type pg from 'pg';
import type { DataSource } from 'typeorm';
import { AuditTrailServiceModule } from '../index.js';
import { DENIAL_STREAM_LIMITS, type DenialStreamLimits } from '../live-denials/denial-streams.js';
import { auditDatabase } from './audit-database.js';
import { METADATA, type Person } from './happenings.js';

@Global()
@Module({})
class TestLimitsModule {
  static of(exports: Partial<ExportLimits>, streams: Partial<DenialStreamLimits>): DynamicModule {
    const providers = [
      { provide: EXPORT_LIMITS, useValue: exports },
      { provide: DENIAL_STREAM_LIMITS, useValue: streams },
    ];
    return { module: TestLimitsModule, providers, exports: providers };
  }
}

/** A complete answer. */
export interface Answer<Body> {
  readonly status: number;
  readonly body: Body;
}

/** For tests: a journal to append to, tenants with keys, and the service on it, asked over HTTP. */
export class AuditWorld {
  private constructor(
    readonly databaseUrl: string,
    readonly app: NestFastifyApplication,
    private readonly writer: DataSource,
    private readonly journal: Journal,
    private readonly drop: () => Promise<void>,
  ) {}

  static async create(
    limits: Partial<ExportLimits> = {},
    streams: Partial<DenialStreamLimits> = {},
  ): Promise<AuditWorld> {
    const { url, drop } = await auditDatabase();
    const writer = await openDataSource(url, 'postern_journal_writer', { poolSize: 4 });
    // Kept for ever: the tests' events happened at fixed times, which grow old.
    const environment = { POSTERN_LOG_LEVEL: 'silent', POSTERN_DENIAL_RETENTION_DAYS: '0' };
    const settings = { ...loadSettings(environment), databaseUrl: url };
    const module = {
      module: class Tested {},
      imports: [TestLimitsModule.of(limits, streams), AuditTrailServiceModule],
    };
    const app = await createHttpApp(serviceModule({ module, bus: ['reads'] }, settings), settings);
    return new AuditWorld(url, app, writer, new Journal(writer), drop);
  }

  /** Appends in one transaction, and waits until the audit trail has it. */
  async happened(person: Person, ...events: (SmtpUserEvent | AuthDenialEvent)[]): Promise<void> {
    await this.append(person, ...events);
    await this.caughtUp();
  }

  async append(
    person: Pick<Person, 'tenantId' | 'stream' | 'smtpUserId'> & Partial<Pick<Person, 'metadata'>>,
    ...events: (SmtpUserEvent | AuthDenialEvent)[]
  ): Promise<void> {
    const { tenantId, metadata = METADATA } = person;
    const denials = events.filter((event) => event.type === 'AuthDenied');
    const changes = events.filter((event) => event.type !== 'AuthDenied');
    const rest = { tenantId, expectedVersion: 'any', metadata } as const;
    if (changes.length > 0) await this.journal.append({ ...rest, streamId: person.stream, events: changes });
    if (denials.length === 0) return;
    const withIds = denials.map((event) => ({ ...event, eventId: event.data.denialId }));
    await this.journal.append({ ...rest, streamId: authDenialsStream(person.smtpUserId), events: withIds });
  }

  /** Resolves when both consumers have handled every event of the journal. */
  async caughtUp(): Promise<void> {
    const missing = () =>
      this.sql<{ missing: number }>(
        `SELECT count(*)::integer AS missing FROM journal.events e LEFT JOIN audit.checkpoints c
             ON consumer = CASE WHEN stream_id LIKE 'auth-denials/%' THEN 'audit-denials' ELSE 'audit-changes' END
          WHERE (e.xid, e.position) > (coalesce(c.xid, '0'), coalesce(c.position, 0))`,
      );
    await until(missing, 'every event in the audit trail', ([row]) => row?.missing === 0);
  }

  /** A new key; with a tenant, of that tenant, which is made if it is not there. */
  async key(role: Role, tenantId?: string): Promise<string> {
    const access = new AccessRows(this.databaseUrl);
    if (tenantId !== undefined) await access.tenant(tenantId);
    return access.key(role, tenantId);
  }

  /** Listens on a free port, for tests that need a socket; gives the URL. */
  async listen(): Promise<string> {
    await this.app.listen(0, '127.0.0.1');
    return this.app.getUrl();
  }

  /** GET, with the body as it came. `Body` is what the test expects of it. */
  async get<Body = unknown>(key: string, url: string): Promise<Answer<Body>> {
    const answer = await this.app.inject({ method: 'GET', url, headers: { authorization: `Bearer ${key}` } });
    return { status: answer.statusCode, body: answer.json<Body>() };
  }

  /** Walks a list from its newest item to its oldest; `between` runs after each page. */
  async walk<Item>(key: string, url: string, between: () => Promise<void> = async () => undefined): Promise<Item[]> {
    const items: Item[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: Answer<{ items: Item[]; nextCursor: string | null }> = await this.get(
        key,
        url + (cursor === '' ? '' : `&cursor=${cursor}`),
      );
      if (page.status !== 200) throw new Error(JSON.stringify(page.body));
      items.push(...page.body.items);
      cursor = page.body.nextCursor;
      await between();
    }
    return items;
  }

  /** As the database's owner, who sees all. */
  async sql<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    return onDatabase(this.databaseUrl, async (owner) => (await owner.query<Row>(text, values)).rows);
  }

  /** Runs `work` while nobody gets at the database: every session has ended, and no new one is let in. */
  async withoutDatabase<T>(work: () => Promise<T>): Promise<T> {
    const { pathname } = new URL(this.databaseUrl);
    const database = pathname.slice(1);
    const server = new URL(this.databaseUrl);
    server.pathname = '/postgres';
    return onDatabase(server.toString(), async (client) => {
      try {
        await client.query(`ALTER DATABASE ${database} ALLOW_CONNECTIONS false`);
        await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [database]);
        return await work();
      } finally {
        await client.query(`ALTER DATABASE ${database} ALLOW_CONNECTIONS true`);
      }
    });
  }

  async end(): Promise<void> {
    await this.app.close();
    await this.journal.stop();
    await this.writer.destroy();
    await this.drop();
  }
}

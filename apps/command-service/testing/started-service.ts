import { getDataSourceToken } from '@nestjs/typeorm';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { migrate } from '@postern/database';
import { journalSchema } from '@postern/event-store';
import { accessSchema } from '@postern/access';
import { loginsSchema } from '@postern/observed-logins';
import { createHttpApp, serviceModule } from '@postern/process';
import { loadSettings, type RuntimeSettings } from '@postern/settings';
import { createTestDatabase, onDatabase, type TestDatabase } from '@postern/testing';
import type pg from 'pg';
import type { DataSource } from 'typeorm';
import { CommandServiceModule, ensureFirstOperatorKey } from '../src/index.js';

/** A complete answer. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Body;
}
/** JSON of which a test reads the fields that it means. */
export interface Body {
  readonly [name: string]: Body;
}

/** A field that is a list. */
export function listOf(field: Body | undefined): readonly Body[] {
  return Array.isArray(field) ? field : [];
}

export interface Call {
  readonly key?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A command-service as it runs, over a real database, called by HTTP without a socket. */
export class StartedService {
  private constructor(
    readonly app: NestFastifyApplication,
    readonly operatorKey: string,
    readonly databaseUrl: string,
  ) {}

  /** Another process on the same database is another start with the same URL; its key is then null, and given here. */
  static async on(
    databaseUrl: string,
    operatorKey?: string,
    environment: NodeJS.ProcessEnv = {},
  ): Promise<StartedService> {
    const settings: RuntimeSettings = {
      ...loadSettings({ POSTERN_LOG_LEVEL: 'silent', ...environment }),
      databaseUrl,
    };
    const parts = { module: CommandServiceModule, bus: ['publishes'] } as const;
    const app = await createHttpApp(serviceModule(parts, settings), settings);
    const created = await ensureFirstOperatorKey(app, null);
    return new StartedService(app, created ?? operatorKey ?? '', databaseUrl);
  }

  async call(method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', url: string, call: Call = {}): Promise<Answer> {
    const answer = await this.app.inject({
      method,
      url,
      headers: {
        ...(call.key === undefined ? {} : { authorization: `Bearer ${call.key}` }),
        ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...call.headers,
      },
      ...(call.body === undefined ? {} : { payload: JSON.stringify(call.body) }),
    });
    const body = answer.payload === '' ? null : JSON.parse(answer.payload);
    return { status: answer.statusCode, headers: answer.headers, body };
  }

  /** A tenant with an admin's key. */
  async tenant(id: string): Promise<string> {
    const created = await this.call('POST', '/v1/tenants', { key: this.operatorKey, body: { id, name: id } });
    if (created.status !== 201) throw new Error(JSON.stringify(created.body));
    return this.key({ role: 'admin', name: `${id}'s admin` }, id);
  }

  /** A key of a tenant, or of none. */
  async key(body: { role: string; name: string }, tenantId?: string): Promise<string> {
    const url = tenantId === undefined ? '/v1/api-keys' : `/v1/tenants/${tenantId}/api-keys`;
    const issued = await this.call('POST', url, { key: this.operatorKey, body });
    if (issued.status !== 201) throw new Error(JSON.stringify(issued.body));
    return issued.body['key'] as unknown as string;
  }

  /** An SMTP user's path. */
  async smtpUser(key: string, tenantId: string, username: string): Promise<string> {
    const url = `/v1/tenants/${tenantId}/smtp-users`;
    const created = await this.call('POST', url, { key, body: { username } });
    if (created.status !== 201) throw new Error(JSON.stringify(created.body));
    return `${url}/${String(created.body['id'])}`;
  }

  /** As the database's owner, who sees all. */
  async sql<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    return onDatabase(this.databaseUrl, async (owner) => (await owner.query<Row>(text, values)).rows);
  }

  /** The events of a stream as they stand. */
  events(
    streamId: string,
  ): Promise<{ version: number; type: string; tenant_id: string; data: Body; metadata: Body }[]> {
    return this.sql(
      'SELECT version, type, tenant_id, data, metadata FROM journal.events WHERE stream_id = $1 ORDER BY version',
      [streamId],
    );
  }

  dataSource(role: string): DataSource {
    return this.app.get<DataSource>(getDataSourceToken(role), { strict: false });
  }

  stop(): Promise<void> {
    return this.app.close();
  }
}

/** A database with the schemas of the write side. */
export function commandDatabase(): Promise<TestDatabase> {
  return createTestDatabase('command_service', async (url) => {
    await migrate(url, journalSchema);
    await migrate(url, accessSchema);
    await migrate(url, loginsSchema);
  });
}

import { DataSource, type DataSourceOptions, type EntityManager } from 'typeorm';
import { boundedClients } from './bounded-client.js';
import { ownerUrlOf, CONNECT_TIMEOUT_MS, DatabaseUnreachable, KEEP_ALIVE } from './session.js';
import { roleUrl, type DatabaseRole } from './roles.js';

export const STATEMENT_TIMEOUT_MS = 30_000;
export const LOCK_TIMEOUT_MS = 10_000;
/** For pools whose transactions write: one that is idle in transaction delays the feed for everybody. */
export const WRITE_IDLE_MS = 5_000;
const SILENT_AFTER_MS = 5_000;
/** Without a request's deadline. TCP's retransmission would take another 25 s after a network cut of 20 s. */
export const CONSUMER_POOL = {
  statementTimeoutMs: 10_000,
  silentAfterMs: 1_000,
  idleInTransactionMs: WRITE_IDLE_MS,
  prepare: true,
} as const;

export interface DataSourceSettings {
  readonly poolSize: number;
  readonly entities?: Exclude<DataSourceOptions['entities'], undefined>;
  readonly applicationName?: string;
  readonly statementTimeoutMs?: number;
  /** Added to the statement time-out before a silent server is given up; 5,000 by default. */
  readonly silentAfterMs?: number;
  readonly lockTimeoutMs?: number;
  readonly idleInTransactionMs?: number;
  /** Parse and plan statements once per connection. Not if the plan depends on the parameters (lists with filters). */
  readonly prepare?: boolean;
}

/**
 * Every wait is limited: connecting, locks, statements, idle transactions. Broken connections are replaced, so the pool survives an outage.
 * `owner`, who may create tables, is for operators' commands, never for services. @throws `DatabaseUnreachable`, `DatabaseNotUsable`.
 */
export async function openDataSource(
  ownerUrl: string,
  role: DatabaseRole | 'owner',
  settings: DataSourceSettings,
): Promise<DataSource> {
  const url = role === 'owner' ? ownerUrlOf(ownerUrl).toString() : roleUrl(ownerUrl, role);
  const statementTimeout = settings.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS;
  const dataSource = new DataSource({
    type: 'postgres',
    url,
    poolSize: settings.poolSize,
    applicationName: settings.applicationName ?? role,
    entities: settings.entities ?? [],
    installExtensions: false,
    logging: false,
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
    // An idle connection broke. The pool has dropped it, and the next query gets another one.
    poolErrorHandler: () => undefined,
    extra: {
      Client: boundedClients(settings.prepare ?? false),
      ...KEEP_ALIVE,
      statement_timeout: statementTimeout,
      lock_timeout: settings.lockTimeoutMs ?? LOCK_TIMEOUT_MS,
      idle_in_transaction_session_timeout: settings.idleInTransactionMs ?? 60_000,
      // Read by `boundedClients`. It must not fire before the server's own time-out.
      query_timeout: statementTimeout + (settings.silentAfterMs ?? SILENT_AFTER_MS),
    },
  });
  try {
    return await dataSource.initialize();
  } catch (error) {
    throw new DatabaseUnreachable(new URL(url), error);
  }
}

/** The transaction sees only one tenant's rows, whatever its SQL: policies compare a setting that ends with it, and otherwise equals no tenant. */
export async function inTenant<T>(
  dataSource: DataSource,
  tenantId: string,
  work: (manager: EntityManager) => Promise<T>,
): Promise<T> {
  if (tenantId === '') throw new TypeError('inTenant needs a tenant id; an empty one means "no tenant".');
  return dataSource.transaction(async (manager) => {
    await manager.query(`SELECT set_config('postern.tenant_id', $1, true)`, [tenantId]);
    return work(manager);
  });
}

/** Runs `work` in a transaction that sees only rows without a tenant, if the table has a policy for that. */
export async function ofNoTenant<T>(dataSource: DataSource, work: (manager: EntityManager) => Promise<T>): Promise<T> {
  return dataSource.transaction(async (manager) => {
    await manager.query(`SELECT set_config('postern.of_no_tenant', 'yes', true)`);
    return work(manager);
  });
}

/** Column options for an instant: `timestamptz(3)` in the database; in the program RFC 3339, UTC, milliseconds. */
export const INSTANT = {
  type: 'timestamptz',
  precision: 3,
  transformer: {
    from: (value: Date | null): string | null => value?.toISOString() ?? null,
    to: (value: unknown): unknown => value,
  },
} as const;

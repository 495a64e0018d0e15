import { DataSource, type DataSourceOptions, type EntityManager } from 'typeorm';
import { boundedClients } from './bounded-client.js';
import { ownerUrlOf, CONNECT_TIMEOUT_MS, DatabaseUnreachable, KEEP_ALIVE } from './session.js';
import { roleUrl, type DatabaseRole } from './roles.js';

export const STATEMENT_TIMEOUT_MS = 30_000;
export const LOCK_TIMEOUT_MS = 10_000;
/** For pools whose transactions write: one that stays idle, because its process forgot it or is frozen, delays the feed for everybody. */
export const WRITE_IDLE_MS = 5_000;
const SILENT_AFTER_MS = 5_000;
/**
 * For the pools of consumers and publishers. No deadline of a request covers these: where the database was cut off without a word they go
 * on after this, and not when TCP sends again what was lost, which after a cut of 20 s takes another 25.
 */
export const CONSUMER_POOL = {
  statementTimeoutMs: 10_000,
  silentAfterMs: 1_000,
  idleInTransactionMs: WRITE_IDLE_MS,
  prepare: true,
} as const;

export interface DataSourceSettings {
  /** The most connections that it opens. */
  readonly poolSize: number;
  readonly entities?: Exclude<DataSourceOptions['entities'], undefined>;
  /** Shown in `pg_stat_activity`; the role by default. */
  readonly applicationName?: string;
  /** The server ends a statement after this; 30,000 by default. */
  readonly statementTimeoutMs?: number;
  /** How long after its statement time-out a silent server is given up; 5,000 by default. */
  readonly silentAfterMs?: number;
  /** The server ends a wait for a lock after this; 10,000 by default. */
  readonly lockTimeoutMs?: number;
  /** The server ends a transaction in which nothing is asked for so long; 60,000 by default. */
  readonly idleInTransactionMs?: number;
  /**
   * For a pool that repeats the same few statements, each found by a key: each connection has them parsed and planned once. Not where the
   * plan depends on the parameters, as in lists with filters.
   */
  readonly prepare?: boolean;
}

/**
 * A pool of connections as the role. Every wait has an end: connecting, locks, statements, and a transaction that its
 * owner forgot. Connections that break are dropped and replaced, so that it outlives the database's absence. `owner`, who may make tables,
 * is for what an operator does by hand, never for what a service does.
 * Throws `DatabaseUnreachable`, `DatabaseNotUsable`.
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
    // An idle connection broke: the pool has dropped it already, and the next query gets another one.
    poolErrorHandler: () => undefined,
    extra: {
      Client: boundedClients(settings.prepare ?? false),
      ...KEEP_ALIVE,
      statement_timeout: statementTimeout,
      lock_timeout: settings.lockTimeoutMs ?? LOCK_TIMEOUT_MS,
      idle_in_transaction_session_timeout: settings.idleInTransactionMs ?? 60_000,
      // Read by `boundedClients`. Only where the server itself is out of reach: it must not fire before the server's own time-out.
      query_timeout: statementTimeout + (settings.silentAfterMs ?? SILENT_AFTER_MS),
    },
  });
  try {
    return await dataSource.initialize();
  } catch (error) {
    throw new DatabaseUnreachable(new URL(url), error);
  }
}

/**
 * Runs `work` in a transaction that sees one tenant's rows alone, whatever its SQL asks for. The tables' policies compare the setting,
 * which is NULL or '' outside of this and equals no tenant.
 * The setting ends with the transaction, so a pooled connection carries no tenant to its next user.
 */
export async function inTenant<T>(
  dataSource: DataSource,
  tenantId: string,
  work: (manager: EntityManager) => Promise<T>,
): Promise<T> {
  if (tenantId === '') throw new TypeError('inTenant needs a tenant id; the empty one stands for "no tenant".');
  return dataSource.transaction(async (manager) => {
    await manager.query(`SELECT set_config('postern.tenant_id', $1, true)`, [tenantId]);
    return work(manager);
  });
}

/** Runs `work` in a transaction that sees rows of no tenant, where the table has a policy for that, and no tenant's. */
export async function ofNoTenant<T>(dataSource: DataSource, work: (manager: EntityManager) => Promise<T>): Promise<T> {
  return dataSource.transaction(async (manager) => {
    await manager.query(`SELECT set_config('postern.of_no_tenant', 'yes', true)`);
    return work(manager);
  });
}

/**
 * Options of an entity's column for an instant: `timestamptz(3)` in the database, RFC 3339 in UTC with milliseconds in the program, as the
 * API shows it.
 */
export const INSTANT = {
  type: 'timestamptz',
  precision: 3,
  transformer: {
    from: (value: Date | null): string | null => value?.toISOString() ?? null,
    to: (value: unknown): unknown => value,
  },
} as const;

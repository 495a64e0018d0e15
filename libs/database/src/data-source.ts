import { DataSource, type DataSourceOptions } from 'typeorm';
import { boundedClients } from './bounded-client.js';
import { ownerUrlOf } from './connection-url.js';
import { roleUrl } from './role-url.js';
import type { DatabaseRole } from './roles.js';
import { CONNECT_TIMEOUT_MS, DatabaseUnreachable, KEEP_ALIVE } from './session.js';

export const STATEMENT_TIMEOUT_MS = 30_000;
export const LOCK_TIMEOUT_MS = 10_000;
/** For pools whose transactions write: one that its process forgot, or is frozen in, holds back the feed for everybody. */
export const FORGOTTEN_WRITE_MS = 5_000;
const SILENT_AFTER_MS = 5_000;
/**
 * For the pools of consumers and publishers. No deadline of a request covers these: where the database was cut off without a word they go
 * on after this, and not when TCP sends again what was lost, which after a cut of 20 s takes another 25.
 */
export const CONSUMER_POOL = {
  statementTimeoutMs: 10_000,
  silentAfterMs: 1_000,
  forgottenAfterMs: FORGOTTEN_WRITE_MS,
  prepare: true,
} as const;

export interface DataSourceSettings {
  /** The most connections that it opens. */
  readonly poolSize: number;
  readonly entities?: Exclude<DataSourceOptions['entities'], undefined>;
  /** Shown in `pg_stat_activity`. */
  readonly applicationName?: string;
  /** The server ends a statement after this; 30,000 unless told. */
  readonly statementTimeoutMs?: number;
  /** How long after its statement time-out a server that is not heard of is given up; 5,000 unless told. */
  readonly silentAfterMs?: number;
  /** The server ends a wait for a lock after this; 10,000 unless told. */
  readonly lockTimeoutMs?: number;
  /** The server ends a transaction in which nothing is asked for so long; 60,000 unless told. */
  readonly forgottenAfterMs?: number;
  /**
   * For a pool that repeats the same few statements, each found by a key: each connection has them parsed and planned once. Not where the
   * plan depends on the parameters, as in lists with filters.
   */
  readonly prepare?: boolean;
}

/**
 * A pool of connections as the role. Every wait has an end: connecting, locks, statements, and a transaction that its
 * owner forgot. Connections that break are dropped and made anew, so that it outlives the database's absence.
 * Throws `DatabaseUnreachable`, `DatabaseUrlInvalid`.
 */
export async function openDataSource(
  ownerUrl: string,
  role: DatabaseRole,
  settings: DataSourceSettings,
): Promise<DataSource> {
  return open(roleUrl(ownerUrl, role), { applicationName: role, ...settings });
}

/** The same as the owner, who may make tables: for what an operator does by hand, never for what a service does. */
export async function openOwnerDataSource(
  ownerUrl: string,
  settings: DataSourceSettings & { readonly applicationName: string },
): Promise<DataSource> {
  return open(ownerUrlOf(ownerUrl).toString(), settings);
}

async function open(url: string, settings: DataSourceSettings & { readonly applicationName: string }) {
  const { poolSize, entities, applicationName } = settings;
  const statementTimeout = settings.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS;
  const dataSource = new DataSource({
    type: 'postgres',
    url,
    poolSize,
    applicationName,
    entities: entities ?? [],
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
      idle_in_transaction_session_timeout: settings.forgottenAfterMs ?? 60_000,
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

import './protected-password.js';

export { arrayLiteral } from './array-literal.js';
export { QueryGivenUp } from './bounded-client.js';
export {
  CONSUMER_POOL,
  INSTANT,
  inTenant,
  LOCK_TIMEOUT_MS,
  ofNoTenant,
  openDataSource,
  STATEMENT_TIMEOUT_MS,
  WRITE_IDLE_MS,
  type DataSourceSettings,
} from './data-source.js';
export { DatabaseClock } from './database-clock.js';
export { ensureRoles, ensureServiceLogins } from './ensure-roles.js';
export { LeaderElection } from './leader-election.js';
export { Listener, listenerFigures } from './listener.js';
export { isLockHeld } from './lock-held.js';
export { assertUpToDate, DatabaseNewerThanProgram, migrate, type SchemaComponent, sqlMigration } from './migrate.js';
export {
  DATABASE_ROLES,
  isServiceLogin,
  roleUrl,
  rolesOfService,
  SERVICE_LOGINS,
  serviceUrl,
  type DatabaseRole,
  type ServiceLogin,
} from './roles.js';
export { tenantTablesSql } from './tenant-tables.js';
export { CONNECT_TIMEOUT_MS, DatabaseUnreachable, withSession } from './session.js';

import './protected-password.js';

export { QueryGivenUp } from './bounded-client.js';
export {
  CONSUMER_POOL,
  FORGOTTEN_WRITE_MS,
  LOCK_TIMEOUT_MS,
  openDataSource,
  openOwnerDataSource,
  STATEMENT_TIMEOUT_MS,
  type DataSourceSettings,
} from './data-source.js';
export { DatabaseClock } from './database-clock.js';
export { ensureRoles } from './ensure-roles.js';
export { ensureServiceLogins, type ServiceLoginOptions } from './ensure-service-logins.js';
export { INSTANT } from './instant.js';
export { inTenant, ofNoTenant } from './in-tenant.js';
export { Listener, listenerFigures, type ListenerFigures, type ListenerOptions } from './listener.js';
export { assertUpToDate, DatabaseNewerThanProgram, migrate, type SchemaComponent } from './migrate.js';
export { sqlMigration } from './sql-migration.js';
export { roleUrl, serviceUrl } from './role-url.js';
export { DATABASE_ROLES, type DatabaseRole } from './roles.js';
export { isServiceLogin, rolesOfService, SERVICE_LOGINS, type ServiceLogin } from './service-logins.js';
export { CONNECT_TIMEOUT_MS, DatabaseUnreachable, KEEP_ALIVE, withSession } from './session.js';
export { isLockHeld } from './lock-held.js';

export { DatabaseUrlInvalid } from './connection-url.js';
export {
  LOCK_TIMEOUT_MS,
  openDataSource,
  openOwnerDataSource,
  STATEMENT_TIMEOUT_MS,
  type DataSourceSettings,
} from './data-source.js';
export { ensureRoles, RoleNotOurs } from './ensure-roles.js';
export { CURRENT_TENANT_SQL, inTenant, ofNoTenant } from './in-tenant.js';
export {
  assertUpToDate,
  DatabaseNewerThanProgram,
  DatabaseNotUpToDate,
  migrate,
  type SchemaComponent,
} from './migrate.js';
export { DATABASE_ROLES, roleUrl, type DatabaseRole } from './roles.js';
export { CONNECT_TIMEOUT_MS, DatabaseUnreachable } from './session.js';

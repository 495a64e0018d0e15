export { entryUse } from './entry-uses.js';
export { BATCHES_KEPT_HOURS, deleteOldLogins } from './delete-old-logins.js';
export { type LoginCoverage, loginCoverage } from './login-coverage.js';
export { loginsSchema } from './logins-schema.js';
export { ObservedLoginsModule } from './observed-logins.module.js';
export { findSources, MAX_SOURCES, type ObservedSource, type SeenSource } from './observed-sources.js';
export { loginsByDay, type RefusedSources, refusedSources } from './refused-sources.js';
export {
  type LoginBatch,
  type LoginRecord,
  MAX_ADDRESSES_PER_DAY,
  MAX_RELAYS_PER_ADDRESS,
  storeLogins,
  type StoredLogins,
} from './store-logins.js';

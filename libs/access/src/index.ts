export { ACCESS_DEADLINE_MS, AccessCheck, checkBeforeBody } from './access-check.js';
export { accessEntities, accessSchema } from './access-schema.js';
export { AccessModule } from './access.module.js';
export { FRESH_MS, KEY_LOOK_UPS, MAX_CACHED_KEYS } from './api-key-directory.js';
export { ApiKeyEntity } from './tables/api-key.entity.js';
export { TenantEntity } from './tables/tenant.entity.js';
export { KEY_CHECK_MS, KeyWatch } from './key-watch.js';
export { type Limit, countLimited } from './rate-limits.js';
export { MAX_BUCKETS } from './rate-limits.js';

import { ACCESS_DEADLINE_MS } from '../access/access-check.js';
import { FRESH_MS, KEY_LOOK_UPS, MAX_CACHED_KEYS } from '../access/api-key-directory.js';
import { KEY_CHECK_MS } from '../access/key-watch.js';
import { DEFAULT_EXPORT_LIMITS } from '../export/export-limits.js';
import { MAX_DEPTH } from '../http/json-body.js';
import { READ_DEADLINE_MS } from '../http/read-deadline.js';
import { MAX_ERRORS } from '../http/schema-pipe.js';
import { SERVER_LIMITS } from '../http/server-limits.js';
import { MAX_HOPS } from '../http/source-address.js';
import { CHECK_TIMEOUT_MS } from '../observe/health.js';
import { LOG_BUFFER_BYTES } from '../observe/logger.js';
import { MAX_BUCKETS } from './token-buckets.js';

/** What bounds every service, for docs/limits.md. */
export const SERVICE_LIMITS = {
  server: SERVER_LIMITS,
  exports: DEFAULT_EXPORT_LIMITS,
  accessMs: ACCESS_DEADLINE_MS,
  keyFreshMs: FRESH_MS,
  keyCheckMs: KEY_CHECK_MS,
  keyLookUps: KEY_LOOK_UPS,
  cachedKeys: MAX_CACHED_KEYS,
  buckets: MAX_BUCKETS,
  readMs: READ_DEADLINE_MS,
  fieldProblems: MAX_ERRORS,
  bodyDepth: MAX_DEPTH,
  proxyHops: MAX_HOPS,
  readinessCheckMs: CHECK_TIMEOUT_MS,
  logBufferBytes: LOG_BUFFER_BYTES,
} as const;

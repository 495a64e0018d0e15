import {
  ACCESS_DEADLINE_MS,
  FRESH_MS,
  KEY_LOOK_UPS,
  MAX_CACHED_KEYS,
  KEY_CHECK_MS,
  MAX_BUCKETS,
} from '@postern/access';
import { DEFAULT_EXPORT_LIMITS } from '@postern/lists';
import { MAX_DEPTH, READ_DEADLINE_MS, MAX_ERRORS, SERVER_LIMITS, MAX_HOPS } from '@postern/http';
import { CHECK_TIMEOUT_MS, LOG_BUFFER_BYTES } from '@postern/observe';

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

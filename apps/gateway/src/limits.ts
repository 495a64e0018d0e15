import { ANSWER_TIMEOUT_MS, CONNECT_TIMEOUT_MS } from './gateway.js';
import { MOST_INSTANCES } from './gateway-settings.js';
import { ASK_EVERY_MS, ASK_TIMEOUT_MS } from './instance.js';

/** What bounds the gateway, for docs/limits.md. */
export const GATEWAY_LIMITS = {
  instances: MOST_INSTANCES,
  answerMs: ANSWER_TIMEOUT_MS,
  connectMs: CONNECT_TIMEOUT_MS,
  readinessEveryMs: ASK_EVERY_MS,
  readinessMs: ASK_TIMEOUT_MS,
} as const;

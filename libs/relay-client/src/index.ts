export { RelayClient } from './relay-client.js';
export { BadSetting, isBaseUrl } from './settings.js';
export type { RelayClientSettings } from './settings.js';
export type { ProblemCode, RelayProblem, RelayStatus } from './status.js';
export type { Decision } from './decision.js';

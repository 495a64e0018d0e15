export { hashPassword } from './passwords.js';
export { startRelay } from './start-relay.js';
export type { RelayOptions, RunningRelay } from './start-relay.js';

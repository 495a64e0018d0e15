export { startRelay } from './start-relay.js';
export type { RunningRelay } from './start-relay.js';

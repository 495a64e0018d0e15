export { RelayClient } from './relay-client.js';
export { BadSetting } from './settings.js';
export type { RelayClientSettings } from './settings.js';
export type { RelayStatus } from './status.js';
export type { ProblemCode, RelayProblem } from './problem.js';
export { decideBy, denialReason, STALE } from './decision.js';
export type { Decision, UnknownUser } from './decision.js';

export { Replica } from './replica/replica.js';
export * from './replica/decision-code.js';

export { InMemoryLastKnownGoodStore, LastKnownGoodUnusable, keep, revive } from './policies/last-known-good.js';
export type { KeptAge, LastKnownGoodStore } from './policies/last-known-good.js';
export { PolicyUnreadable } from './policies/policy-unreadable.js';

export { InMemoryDenialSpool } from './denials/denial-spool.js';
export type { DenialSpool } from './denials/denial-spool.js';
export { DenialReporter } from './denials/denial-reporter.js';
export type { DenialReporterOptions } from './denials/denial-reporter.js';

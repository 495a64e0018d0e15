import type { EventStreamLimits } from '@postern/http';

/** The token by which a process may set its `DenialStreamLimits` otherwise. */
export const DENIAL_STREAM_LIMITS = Symbol('denial stream limits');

/** What bounds the streams of live denials of one process. */
export interface DenialStreamLimits extends EventStreamLimits {
  readonly heartbeatMs: number;
  /** Queries at once for all of them. */
  readonly reads: number;
}

export const DEFAULT_DENIAL_STREAM_LIMITS: DenialStreamLimits = {
  heartbeatMs: 5_000,
  maxClients: 500,
  /** All sessions of a key count together. */
  maxClientsPerKey: 50,
  maxUnreadBytes: 1_048_576,
  stalledMs: 20_000,
  reads: 2,
};

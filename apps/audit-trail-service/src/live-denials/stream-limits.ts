import type { EventStreamLimits } from '@postern/http';

/** The injection token with which a process changes its `DenialStreamLimits`. */
export const DENIAL_STREAM_LIMITS = Symbol('denial stream limits');

export interface DenialStreamLimits extends EventStreamLimits {
  readonly heartbeatMs: number;
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

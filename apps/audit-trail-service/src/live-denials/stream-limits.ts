import type { EventStreamLimits } from '@postern/http';

export const DENIAL_STREAM_LIMITS = Symbol('denial stream limits');

export interface DenialStreamLimits extends EventStreamLimits {
  readonly heartbeatMs: number;
  readonly reads: number;
}

export const DEFAULT_DENIAL_STREAM_LIMITS: DenialStreamLimits = {
  heartbeatMs: 5_000,
  maxClients: 500,
  maxClientsPerKey: 50,
  maxUnreadBytes: 1_048_576,
  stalledMs: 20_000,
  reads: 2,
};

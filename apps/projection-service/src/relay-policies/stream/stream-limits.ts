/** What bounds the streams of one process. */
export interface StreamLimits {
  /** API: "heartbeat each 5 s". */
  readonly heartbeatMs: number;
  readonly maxClients: number;
  /** Of one API key: no relay's key takes all the places. A whole fleet may share one. */
  readonly maxClientsPerKey: number;
  /** A client that leaves more than this unread is dropped; it resumes, and is then sent only as much as it reads. */
  readonly maxUnreadBytes: number;
  /** A client that is catching up and reads nothing for so long is dropped. */
  readonly stalledMs: number;
  /** How often the table is looked at where nothing wakes. */
  readonly pollMs: number;
  readonly recentBytes: number;
  /** Queries at once for clients that catch up. */
  readonly catchUpReads: number;
}

export const STREAM_LIMITS = Symbol('stream limits');

export const DEFAULT_STREAM_LIMITS: StreamLimits = {
  heartbeatMs: 5_000,
  maxClients: 5_000,
  maxClientsPerKey: 2_500,
  maxUnreadBytes: 1_048_576,
  stalledMs: 20_000,
  pollMs: 1_000,
  recentBytes: 16_777_216,
  catchUpReads: 2,
};

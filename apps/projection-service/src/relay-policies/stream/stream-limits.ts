export const STREAM_LIMITS = Symbol('stream limits');

export type StreamLimits = Readonly<typeof DEFAULT_STREAM_LIMITS>;

export const DEFAULT_STREAM_LIMITS = {
  /** API: "heartbeat each 5 s". */
  heartbeatMs: 5_000,
  maxClients: 5_000,
  /** Per API key, so that one key cannot take all streams. A complete fleet may share a key. */
  maxClientsPerKey: 2_500,
  /** A client with more unread bytes is dropped. After it resumes, it gets only as much as it reads. */
  maxUnreadBytes: 1_048_576,
  /** A client that catches up and reads nothing for this long is dropped. */
  stalledMs: 20_000,
  pollMs: 1_000,
  catchUpReads: 2,
};

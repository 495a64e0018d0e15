import { SNAPSHOT_DEADLINE_MS } from './relay-policies/snapshot/policy-snapshot.controller.js';
import { SNAPSHOT_READERS, SNAPSHOTS_KEPT } from './relay-policies/snapshot/policy-snapshots.js';
import { DEFAULT_STREAM_LIMITS } from './relay-policies/stream/stream-limits.js';
import { MAX_ENTRIES_PER_PAGE } from './smtp-user-directory/list-smtp-users.js';
import { MIN_VERSION_WAIT_MS } from '@postern/http';

export const PROJECTION_LIMITS = {
  snapshotReaders: SNAPSHOT_READERS,
  snapshotsKept: SNAPSHOTS_KEPT,
  snapshotMs: SNAPSHOT_DEADLINE_MS,
  entriesPerPage: MAX_ENTRIES_PER_PAGE,
  minVersionWaitMs: MIN_VERSION_WAIT_MS,
  streams: DEFAULT_STREAM_LIMITS,
} as const;

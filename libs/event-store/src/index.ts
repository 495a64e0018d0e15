export { AppendRefused, EventExists, JournalBusy, JournalUnavailable, VersionConflict } from './append-errors.js';
export type { Append, Appended, NewEvent } from './append-request.js';
export {
  advanceCheckpoint,
  CheckpointMoved,
  checkpointTableSql,
  JOURNAL_SOURCE,
  loadCheckpoint,
  type CheckpointMove,
} from './checkpoints.js';
export {
  addBookmarks,
  loadBookmarks,
  moveBookmark,
  removeBookmarks,
  type Bookmark,
  type Bookmarks,
} from './bookmarks.js';
export { assertJournalBelongsToCluster, JournalOfAnotherCluster } from './cluster-check.js';
export { FEED_START, isBehind, samePosition, type FeedPosition } from './read-feed.js';
export { feedLag, publisherLag, type FeedLag } from './feed-lag.js';
export { Journal, JOURNAL_LIMITS, lockStream } from './journal.js';
export { loadJournalId } from './journal-identity.js';
export { journalSchema } from './schema/journal-schema.js';
export { readFeed, readFeedEnd, readSettledPosition, type FeedPage } from './read-feed.js';
export { LAST_VERSION, readStream, readStreams, type StreamPlace } from './read-stream.js';
export {
  askForRepublish,
  endRepublish,
  loadPublished,
  pendingRepublish,
  PUBLISHER,
  republishLeft,
  type Republish,
} from './republish.js';
export { wakeOnAppend } from './wake-on-append.js';

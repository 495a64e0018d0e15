export { AppendRefused, EventExists, JournalBusy, JournalUnavailable, VersionConflict } from './append-errors.js';
export type { Append, Appended, NewEvent } from './append-request.js';
export {
  addBookmarks,
  advanceCheckpoint,
  CheckpointMoved,
  checkpointTableSql,
  JOURNAL_SOURCE,
  loadBookmarks,
  loadCheckpoint,
  moveBookmark,
  removeBookmarks,
  type Bookmark,
  type Bookmarks,
} from './checkpoints.js';
export { feedLag, publisherLag, type FeedLag } from './feed-lag.js';
export { JOURNAL_LIMITS } from './append-queue.js';
export { Journal, lockStream } from './journal.js';
export { assertJournalBelongsToCluster, JournalOfAnotherCluster, loadJournalId } from './journal-identity.js';
export {
  FEED_START,
  isBehind,
  readFeed,
  readFeedEnd,
  readSettledPosition,
  samePosition,
  wakeOnAppend,
  type FeedPage,
  type FeedPosition,
} from './read-feed.js';
export { LAST_VERSION, readStream, readStreams, type StreamPosition } from './read-stream.js';
export {
  askForRepublish,
  endRepublish,
  loadPublished,
  pendingRepublish,
  PUBLISHER,
  republishLeft,
  type Republish,
} from './republish.js';
export { journalSchema } from './schema/journal-schema.js';

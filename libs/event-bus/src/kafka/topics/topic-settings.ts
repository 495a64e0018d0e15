import { RELAY_POLICIES_TOPIC, TOPICS } from '@postern/contracts';

/** What a topic must be like. */
export interface TopicSettings {
  readonly topic: string;
  readonly cleanup: 'delete' | 'compact';
  /** How long its messages are kept; null: for ever. */
  readonly retentionMs: number | null;
}

/** The largest message that a topic takes: an append of the journal has 4 MiB at most. */
export const MAX_MESSAGE_BYTES = 8_388_608;
const DENIALS_RETENTION_MS = 30 * 24 * 3_600_000;

/** The topics that carry the journal's events. */
export const EVENT_TOPICS: readonly TopicSettings[] = [
  { topic: TOPICS.smtpUsers, cleanup: 'delete', retentionMs: null },
  { topic: TOPICS.tenants, cleanup: 'delete', retentionMs: null },
  { topic: TOPICS.authDenials, cleanup: 'delete', retentionMs: DENIALS_RETENTION_MS },
];

/** Written from the read model: the last message of a username is its complete state, and compaction keeps that. */
export const RELAY_POLICIES: TopicSettings = { topic: RELAY_POLICIES_TOPIC, cleanup: 'compact', retentionMs: null };

import { RELAY_POLICIES_TOPIC, TOPICS } from '@postern/contracts';

export interface TopicSettings {
  readonly topic: string;
  readonly cleanup: 'delete' | 'compact';
  readonly retentionMs: number | null;
}

/** The largest message of a topic. An append of the journal has 4 MiB at most. */
export const MAX_MESSAGE_BYTES = 8_388_608;
const DENIALS_RETENTION_MS = 30 * 24 * 3_600_000;

export const EVENT_TOPICS: readonly TopicSettings[] = [
  { topic: TOPICS.smtpUsers, cleanup: 'delete', retentionMs: null },
  { topic: TOPICS.tenants, cleanup: 'delete', retentionMs: null },
  { topic: TOPICS.authDenials, cleanup: 'delete', retentionMs: DENIALS_RETENTION_MS },
];

/** Written from the read model. The last message of a username is its complete state, and compaction keeps it. */
export const RELAY_POLICIES: TopicSettings = { topic: RELAY_POLICIES_TOPIC, cleanup: 'compact', retentionMs: null };

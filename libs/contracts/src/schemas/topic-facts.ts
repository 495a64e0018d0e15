import { EVENT_TYPES_OF_TOPIC, RELAY_POLICIES_TOPIC, TOPICS, type Topic } from '../topics.js';

/** What the AsyncAPI document says of a topic. */
export interface TopicFacts {
  readonly channel: string;
  readonly title: string;
  readonly description: string;
  readonly key: string;
  readonly cleanupPolicy: 'delete' | 'compact';
  /** -1: for ever. */
  readonly retentionMs: number;
  readonly envelope: 'EventEnvelope' | 'PolicyEnvelope';
  /** The names of the messages that it carries, less their versions. */
  readonly messages: readonly string[];
}

const DAY_MS = 86_400_000;

const EVENTS =
  'In order per key; a message may come again, with the same id. Orders over all keys by (feedxid, feedposition).';

export const TOPIC_FACTS: Readonly<Record<Topic | typeof RELAY_POLICIES_TOPIC, TopicFacts>> = {
  [TOPICS.smtpUsers]: {
    channel: 'smtpUsers',
    title: 'SMTP users and their restrictions',
    description: `Every change of every SMTP user and its allow list, kept for ever. ${EVENTS}`,
    key: 'The SMTP user’s id.',
    cleanupPolicy: 'delete',
    retentionMs: -1,
    envelope: 'EventEnvelope',
    messages: EVENT_TYPES_OF_TOPIC[TOPICS.smtpUsers],
  },
  [TOPICS.authDenials]: {
    channel: 'authDenials',
    title: 'Refused logins, and those that report-only let through',
    description: `Every denial, kept for 30 days. ${EVENTS}`,
    key: 'The SMTP user’s id.',
    cleanupPolicy: 'delete',
    retentionMs: 30 * DAY_MS,
    envelope: 'EventEnvelope',
    messages: EVENT_TYPES_OF_TOPIC[TOPICS.authDenials],
  },
  [TOPICS.tenants]: {
    channel: 'tenants',
    title: 'Tenants and API keys',
    description: `Tenants and their API keys, and those of operators and relays, kept for ever; never what a key could be found by. ${EVENTS}`,
    key: 'The id of the tenant or of the API key.',
    cleanupPolicy: 'delete',
    retentionMs: -1,
    envelope: 'EventEnvelope',
    messages: EVENT_TYPES_OF_TOPIC[TOPICS.tenants],
  },
  [RELAY_POLICIES_TOPIC]: {
    channel: 'relayPolicies',
    title: 'Relay policies',
    description:
      'The whole state of each relay policy: read it from the beginning, with isolation level read_committed, and keep the last message of each key. ' +
      'A removed username is a message with `removed: true`; there are no tombstones.',
    key: 'The username in lower case.',
    cleanupPolicy: 'compact',
    retentionMs: -1,
    envelope: 'PolicyEnvelope',
    messages: ['RelayPolicy'],
  },
};

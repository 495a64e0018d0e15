import { CLOUDEVENTS_JSON } from '../../libs/contracts/src/messages/event-message.js';
import { EVENT_TYPES_OF_TOPIC, RELAY_POLICIES_TOPIC, TOPICS } from '../../libs/contracts/src/topics.js';
import { type JsonSchema, jsonSchemas } from './json-schemas.js';

/** The complete AsyncAPI 3 document of the four topics: it refers to no other file. `version` is the release's. */
export function asyncApi(version: string): object {
  // AsyncAPI's tools know draft 7. The schemas use no keyword that it has otherwise.
  const schemas = jsonSchemas('draft-7');
  const topics = TOPIC_FACTS.map((facts) => ({ ...facts, versions: versionsOf(facts.messages, schemas) }));
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Postern’s topics',
      version,
      description:
        'What Postern publishes to Kafka. Each message is a CloudEvent 1.0 in JSON, structured mode. Ignore attributes and members that you do not recognise. See docs/events.md.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: CLOUDEVENTS_JSON,
    channels: Object.fromEntries(topics.map((topic) => [topic.channel, channelOf(topic)])),
    operations: Object.fromEntries(
      topics.map(({ channel }) => [`send-${channel}`, { action: 'send', channel: { $ref: `#/channels/${channel}` } }]),
    ),
    components: {
      messages: Object.fromEntries(
        topics.flatMap((topic) => topic.versions.map((name) => [name, messageOf(name, topic)])),
      ),
      schemas: Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, embedded(schema)])),
    },
  };
}

function embedded(schema: JsonSchema): JsonSchema {
  const { $schema: _, ...rest } = schema;
  return rest;
}

/** Every version of every message of the topic: one that is kept for ever has them all. */
function versionsOf(messages: readonly string[], schemas: Readonly<Record<string, JsonSchema>>): string[] {
  return Object.keys(schemas).filter((name) => messages.includes(name.split('.v')[0] ?? ''));
}

function channelOf(topic: TopicFacts & { readonly versions: readonly string[] }): object {
  return {
    address: topic.topic,
    title: topic.title,
    description: topic.description,
    messages: Object.fromEntries(topic.versions.map((name) => [name, { $ref: `#/components/messages/${name}` }])),
    bindings: {
      kafka: {
        topic: topic.topic,
        topicConfiguration: { 'cleanup.policy': [topic.cleanupPolicy], 'retention.ms': topic.retentionMs },
        bindingVersion: '0.5.0',
      },
    },
  };
}

function messageOf(name: string, { envelope, key }: TopicFacts): object {
  return {
    name: `postern.${name}`,
    contentType: CLOUDEVENTS_JSON,
    headers: { type: 'object', properties: { 'content-type': { const: CLOUDEVENTS_JSON } } },
    payload: {
      allOf: [
        { $ref: `#/components/schemas/${envelope}.v1` },
        {
          type: 'object',
          properties: {
            type: { const: `postern.${name}` },
            schemaversion: { const: Number(name.split('.v')[1]) },
            data: { $ref: `#/components/schemas/${name}` },
          },
        },
      ],
    },
    bindings: { kafka: { key: { type: 'string', description: key }, bindingVersion: '0.5.0' } },
  };
}

interface TopicFacts {
  readonly topic: string;
  readonly channel: string;
  readonly title: string;
  readonly description: string;
  /** Describes the messages' key. */
  readonly key: string;
  readonly cleanupPolicy: 'delete' | 'compact';
  /** -1: for ever. */
  readonly retentionMs: number;
  readonly envelope: 'EventEnvelope' | 'PolicyEnvelope';
  /** The names of the messages that it carries, less their versions. */
  readonly messages: readonly string[];
}

const EVENTS =
  'Messages of one key are in order. A message may arrive again, with the same id. To order messages of different keys, compare (feedxid, feedposition).';
const EVENT_TOPIC = { cleanupPolicy: 'delete', retentionMs: -1, envelope: 'EventEnvelope' } as const;

const TOPIC_FACTS: readonly TopicFacts[] = [
  {
    ...EVENT_TOPIC,
    topic: TOPICS.smtpUsers,
    channel: 'smtpUsers',
    title: 'SMTP users and their restrictions',
    description: `Every change of every SMTP user and its allow list, kept forever. ${EVENTS}`,
    key: 'The SMTP user’s id.',
    messages: EVENT_TYPES_OF_TOPIC[TOPICS.smtpUsers],
  },
  {
    ...EVENT_TOPIC,
    topic: TOPICS.authDenials,
    channel: 'authDenials',
    title: 'Refused logins, and those that report-only let through',
    description: `Every denial, kept for 30 days. ${EVENTS}`,
    key: 'The SMTP user’s id.',
    retentionMs: 30 * 86_400_000,
    messages: EVENT_TYPES_OF_TOPIC[TOPICS.authDenials],
  },
  {
    ...EVENT_TOPIC,
    topic: TOPICS.tenants,
    channel: 'tenants',
    title: 'Tenants and API keys',
    description: `Tenants and all API keys, without the keys’ secrets, kept forever. ${EVENTS}`,
    key: 'The id of the tenant or of the API key.',
    messages: EVENT_TYPES_OF_TOPIC[TOPICS.tenants],
  },
  {
    topic: RELAY_POLICIES_TOPIC,
    channel: 'relayPolicies',
    title: 'Relay policies',
    description:
      'The present state of each relay policy. Read from the beginning, with isolation level read_committed, and keep the last message of each key. ' +
      'A removed username is a message with `removed: true`; there are no tombstones.',
    key: 'The username in lower case.',
    cleanupPolicy: 'compact',
    retentionMs: -1,
    envelope: 'PolicyEnvelope',
    messages: ['RelayPolicy'],
  },
];

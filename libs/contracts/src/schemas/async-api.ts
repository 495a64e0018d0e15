import { CLOUDEVENTS_JSON } from '../messages/event-message.js';
import { type JsonSchema, jsonSchemas } from './json-schemas.js';
import { EVENT_TYPES_OF_TOPIC, RELAY_POLICIES_TOPIC, TOPICS, type Topic } from '../topics.js';

/** The AsyncAPI 3 document of the four topics, whole: it refers to no other file. `version` is the release's. */
export function asyncApi(version: string): object {
  // AsyncAPI's tools know draft 7. The schemas use no keyword that it has otherwise.
  const schemas = jsonSchemas('draft-7');
  const topics = Object.entries(TOPIC_FACTS);
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Postern’s topics',
      version,
      description:
        'What Postern tells by Kafka. Each message is a CloudEvent 1.0 in JSON, structured mode. Consumers pass over attributes and members that they do not know. See docs/events.md.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: CLOUDEVENTS_JSON,
    channels: Object.fromEntries(topics.map(([topic, facts]) => [facts.channel, channelOf(topic, facts, schemas)])),
    operations: Object.fromEntries(topics.map(([, facts]) => [`send-${facts.channel}`, operationOf(facts)])),
    components: {
      messages: Object.fromEntries(topics.flatMap(([, facts]) => messagesOf(facts, schemas))),
      schemas: Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, embedded(schema)])),
    },
  };
}

type Schemas = Readonly<Record<string, JsonSchema>>;

function channelOf(topic: string, facts: TopicFacts, schemas: Schemas): object {
  return {
    address: topic,
    title: facts.title,
    description: facts.description,
    messages: Object.fromEntries(
      versionsOf(facts, schemas).map((name) => [name, { $ref: `#/components/messages/${name}` }]),
    ),
    bindings: {
      kafka: {
        topic,
        topicConfiguration: { 'cleanup.policy': [facts.cleanupPolicy], 'retention.ms': facts.retentionMs },
        bindingVersion: '0.5.0',
      },
    },
  };
}

function operationOf(facts: TopicFacts): object {
  return { action: 'send', channel: { $ref: `#/channels/${facts.channel}` } };
}

function messagesOf(facts: TopicFacts, schemas: Schemas): [string, object][] {
  return versionsOf(facts, schemas).map((name) => [
    name,
    {
      name: `postern.${name}`,
      contentType: CLOUDEVENTS_JSON,
      headers: { type: 'object', properties: { 'content-type': { const: CLOUDEVENTS_JSON } } },
      payload: {
        allOf: [
          { $ref: `#/components/schemas/${facts.envelope}.v1` },
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
      bindings: { kafka: { key: { type: 'string', description: facts.key }, bindingVersion: '0.5.0' } },
    },
  ]);
}

/** Every version of every message of the topic: one that is kept for ever has them all. */
function versionsOf(facts: TopicFacts, schemas: Schemas): string[] {
  return Object.keys(schemas).filter((name) => facts.messages.includes(name.split('.v')[0] ?? ''));
}

function embedded(schema: JsonSchema): JsonSchema {
  const { $schema: _, ...rest } = schema;
  return rest;
}

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

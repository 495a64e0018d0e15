import { CLOUDEVENTS_JSON } from '../messages/event-message.js';
import type { JsonSchema } from './json-schema.js';
import { jsonSchemas } from './json-schemas.js';
import { TOPIC_FACTS, type TopicFacts } from './topic-facts.js';

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

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { EVENT_TOPICS, RELAY_POLICIES } from './topic-settings.js';

it('topics are created as the AsyncAPI document describes them', () => {
  const file = join(import.meta.dirname, '..', '..', '..', '..', '..', 'docs', 'asyncapi.json');
  const { channels } = JSON.parse(readFileSync(file, 'utf8')) as { channels: Record<string, Channel> };
  const documented = Object.values(channels).map(({ address, bindings: { kafka } }) => ({
    topic: address,
    cleanup: kafka.topicConfiguration['cleanup.policy'].join(),
    retentionMs: kafka.topicConfiguration['retention.ms'] === -1 ? null : kafka.topicConfiguration['retention.ms'],
  }));
  const byTopic = (a: { topic: string }, b: { topic: string }) => a.topic.localeCompare(b.topic);
  expect(documented.toSorted(byTopic)).toEqual([...EVENT_TOPICS, RELAY_POLICIES].toSorted(byTopic));
});

interface Channel {
  readonly address: string;
  readonly bindings: {
    readonly kafka: {
      readonly topicConfiguration: { readonly 'cleanup.policy': string[]; readonly 'retention.ms': number };
    };
  };
}

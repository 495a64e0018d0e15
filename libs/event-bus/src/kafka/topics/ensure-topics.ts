import { withAdmin } from './read-topics.js';
import kafkajs, { type Admin, type ITopicMetadata } from 'kafkajs';
import { type KafkaSettings } from '../client/kafka-client.js';
import { retried, typeOf } from '../client/kafka-errors.js';
import { TopicSettingsWrong } from './topic-errors.js';
import { MAX_MESSAGE_BYTES, type TopicSettings } from './topic-settings.js';

const MOST_REPLICAS_BY_DEFAULT = 3;
const CREATE_TIMEOUT_MS = 10_000;
const LOOK_AGAIN_MS = 50;

/** Safe in several processes. @throws `TopicSettingsWrong`, `KafkaRefused`, `KafkaUnreachable`. */
export async function ensureTopics(
  settings: KafkaSettings,
  topics: readonly TopicSettings[],
  topicPrefix: string,
): Promise<void> {
  await withAdmin(settings, async (admin) => {
    await makeMissing(admin, settings, topics, topicPrefix);
    if (topics.length === 0) return;
    const look = () => check(admin, settings, topics, topicPrefix);
    await retried(look, (error) => NOT_YET.has(typeOf(error)), CREATE_TIMEOUT_MS, LOOK_AGAIN_MS);
  });
}

async function makeMissing(
  admin: Admin,
  settings: KafkaSettings,
  topics: readonly TopicSettings[],
  topicPrefix: string,
): Promise<void> {
  const there = new Set(await admin.listTopics());
  const missing = topics.filter(({ topic }) => !there.has(topicPrefix + topic));
  if (missing.length === 0) return;
  const { brokers } = await admin.describeCluster();
  const replicas = settings.replication ?? Math.min(MOST_REPLICAS_BY_DEFAULT, brokers.length);
  await admin.createTopics({
    // kafkajs's wait fails if a broker does not have the topic yet; the code below waits instead.
    waitForLeaders: false,
    timeout: CREATE_TIMEOUT_MS,
    topics: missing.map((topic) => ({
      topic: topicPrefix + topic.topic,
      numPartitions: settings.partitions,
      replicationFactor: replicas,
      configEntries: Object.entries(configOf(topic, replicas)).map(([name, value]) => ({ name, value })),
    })),
  });
}

/** With three replicas one may be down, and a message is on two before it counts as sent. */
function configOf({ cleanup, retentionMs }: TopicSettings, replicas: number): Record<string, string> {
  return {
    'cleanup.policy': cleanup,
    'retention.ms': String(retentionMs ?? -1),
    'retention.bytes': '-1',
    'max.message.bytes': String(MAX_MESSAGE_BYTES),
    'min.insync.replicas': String(Math.max(1, replicas - 1)),
  };
}

/** Right after its creation, some brokers do not have the topic, or a partition has no leader. */
const NOT_YET: ReadonlySet<string> = new Set(['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE']);

async function check(
  admin: Admin,
  settings: KafkaSettings,
  topics: readonly TopicSettings[],
  topicPrefix: string,
): Promise<void> {
  const names = topics.map(({ topic }) => topicPrefix + topic);
  const { topics: metadata } = await admin.fetchTopicMetadata({ topics: names });
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: names.map((name) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name })),
  });
  for (const topic of topics) {
    const name = topicPrefix + topic.topic;
    const layout = metadata.find((each) => each.name === name);
    const entries = resources.find((each) => each.resourceName === name)?.configEntries ?? [];
    const config = new Map(entries.map(({ configName, configValue }) => [configName, configValue]));
    if (layout) checkReplicas(layout, settings);
    checkConfig(name, topic, config, layout?.partitions[0]?.replicas.length ?? 1);
  }
}

function checkReplicas({ name, partitions }: ITopicMetadata, { replication }: KafkaSettings): void {
  const fewest = Math.min(...partitions.map(({ replicas }) => replicas.length));
  if (replication !== null && fewest < replication)
    throw new TopicSettingsWrong(name, 'replicas', `${fewest}`, `${replication} (POSTERN_KAFKA_REPLICATION)`);
}

function checkConfig(name: string, topic: TopicSettings, config: ReadonlyMap<string, string>, replicas: number): void {
  const expected = configOf(topic, replicas);
  for (const [setting, value] of Object.entries(expected)) {
    const found = config.get(setting) ?? 'unknown';
    if (setting === 'cleanup.policy' ? found !== value : !isAtLeast(Number(found), Number(value)))
      throw new TopicSettingsWrong(name, setting, found, setting === 'cleanup.policy' ? value : `at least ${value}`);
  }
}

function isAtLeast(found: number, expected: number): boolean {
  if (found === -1) return true;
  return expected !== -1 && found >= expected;
}

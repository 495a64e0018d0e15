import { type JournalId, usernameKey } from '../ids.js';
import type { RelayPolicy } from '../relay-policy.js';
import type { ENVELOPES } from '../schemas/messages.js';
import type { Described } from '../schemas/words.js';
import { RELAY_POLICIES_TOPIC } from '../topics.js';
import { CLOUDEVENTS_JSON, messageType, journalOf, sourceOf, type Message } from './event-message.js';

const POLICY_SCHEMA_VERSION = 1;

export type PolicyEnvelope = Described<(typeof ENVELOPES.PolicyEnvelope)[0]>;

/** Compaction keeps the newest policy of each username. A removed one is no Kafka tombstone: a late reader would not see the removal after its deletion. */
export function encodePolicy(policy: RelayPolicy, journal: JournalId): Message<typeof RELAY_POLICIES_TOPIC> {
  const key = usernameKey(policy.username);
  const envelope: PolicyEnvelope = {
    specversion: '1.0',
    id: String(policy.revision),
    source: sourceOf('policy', journal),
    type: messageType('RelayPolicy', POLICY_SCHEMA_VERSION),
    subject: key,
    datacontenttype: 'application/json',
    tenantid: policy.tenantId,
    schemaversion: POLICY_SCHEMA_VERSION,
    data: policy,
  };
  const headers = { 'content-type': CLOUDEVENTS_JSON };
  return { topic: RELAY_POLICIES_TOPIC, key, value: JSON.stringify(envelope), headers };
}

/** The journal of a policy's message; null if it is another message. */
export function journalOfPolicy(value: Buffer | null): JournalId | null {
  try {
    return journalOf('policy', (JSON.parse(value?.toString() ?? '') as Partial<PolicyEnvelope>).source);
  } catch {
    return null;
  }
}

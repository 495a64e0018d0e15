import { SESSION_TIMEOUT_MS } from './consume/group-member.js';
import { CONNECT_TIMEOUT_MS, REQUEST_TIMEOUT_MS } from './client/kafka-client.js';
import { MAX_BYTES_PER_SEND } from './publish/send-events.js';
import { MAX_MESSAGE_BYTES } from './topics/topic-settings.js';

/** What the Kafka adapter bounds, for docs/limits.md. */
export const KAFKA_LIMITS = {
  bytesPerSend: MAX_BYTES_PER_SEND,
  messageBytes: MAX_MESSAGE_BYTES,
  connectMs: CONNECT_TIMEOUT_MS,
  requestMs: REQUEST_TIMEOUT_MS,
  silentMs: SESSION_TIMEOUT_MS,
};

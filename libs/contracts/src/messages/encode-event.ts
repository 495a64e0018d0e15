import type { JournalId } from '../ids.js';
import { withoutSecrets } from '../secrets.js';
import { splitStreamId } from '../streams.js';
import { TOPIC_OF_CATEGORY } from '../topics.js';
import {
  CLOUDEVENTS_JSON,
  messageType,
  type EventEnvelope,
  type EventMessage,
  type FeedEvent,
  sourceOf,
} from './event-message.js';

const HEADERS = { 'content-type': CLOUDEVENTS_JSON };

/** The event of `journal` as the message that a broker carries: the same bytes each time. Secrets are left out, whoever read it. */
export function encodeEvent(from: FeedEvent, journal: JournalId): EventMessage {
  const event = withoutSecrets(from.event);
  const { category, subject } = splitStreamId(event.streamId);
  const { actor, correlationId, causationId } = event.metadata;
  const envelope: EventEnvelope = {
    specversion: '1.0',
    id: event.eventId,
    source: sourceOf('event', journal),
    type: messageType(event.type, event.schemaVersion),
    subject: event.streamId,
    time: event.recordedAt,
    datacontenttype: 'application/json',
    ...(event.tenantId === null ? {} : { tenantid: event.tenantId }),
    streamversion: event.version,
    feedxid: from.xid,
    feedposition: String(event.position),
    schemaversion: event.schemaVersion,
    actorrole: actor.role,
    actorkeyid: actor.keyId,
    actorname: actor.name,
    correlationid: correlationId,
    ...(causationId === null ? {} : { causationid: causationId }),
    data: event.data,
  };
  return { topic: TOPIC_OF_CATEGORY[category], key: subject, value: JSON.stringify(envelope), headers: HEADERS };
}

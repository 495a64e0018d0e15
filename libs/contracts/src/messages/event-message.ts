import { withoutSecrets, type Recorded } from '../events.js';
import { isUuid, type JournalId } from '../ids.js';
import type { ENVELOPES } from '../schemas/messages.js';
import type { Described } from '../schemas/words.js';
import { splitStreamId, TOPIC_OF_CATEGORY, type Topic } from '../topics.js';

/** An event as it leaves the journal, with the transaction id, which gives its position in the feed: `(xid, event.position)`. */
export interface FeedEvent {
  readonly event: Recorded;
  /** `xid8`, 64 bits without a sign, as text. */
  readonly xid: string;
}

/** A message as a broker takes it. */
export interface EventMessage {
  readonly topic: Topic;
  /** The id of the event's subject: the events of one come in order. */
  readonly key: string;
  /** A CloudEvent 1.0 in JSON, UTF-8. */
  readonly value: string;
  readonly headers: { readonly 'content-type': string };
}

/** CloudEvents' structured mode: everything is in the value. */
export const CLOUDEVENTS_JSON = 'application/cloudevents+json; charset=utf-8';

/** Every `type` is `postern.<event's type>.v<schema version>`. */
export const messageType = (type: string, schemaVersion: number): string => `postern.${type}.v${schemaVersion}`;

/** The value of an event's message. */
export type EventEnvelope = Described<(typeof ENVELOPES.EventEnvelope)[0]>;

const URN = { event: 'urn:postern:journal:', policy: 'urn:postern:relay-policies:' } as const;

/** The `source` of a message: with its `id` it is unique in the world, as CloudEvents wants it. */
export function sourceOf(kind: keyof typeof URN, journal: JournalId): string {
  return URN[kind] + journal;
}

/** The journal that a `source` names; null where it is none of Postern's. */
export function journalOf(kind: keyof typeof URN, source: unknown): JournalId | null {
  if (typeof source !== 'string' || !source.startsWith(URN[kind])) return null;
  const journal = source.slice(URN[kind].length);
  return isUuid(journal) ? (journal as JournalId) : null;
}

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
    ...(actor.sessionId === undefined ? {} : { actorsessionid: actor.sessionId }),
    correlationid: correlationId,
    ...(causationId === null ? {} : { causationid: causationId }),
    data: event.data,
  };
  return { topic: TOPIC_OF_CATEGORY[category], key: subject, value: JSON.stringify(envelope), headers: HEADERS };
}

/** What was received is no message of Postern's, or a broken one. The message says what is wrong with it, and repeats nothing of it. */
export class MessageUnreadable extends Error {
  override readonly name = 'MessageUnreadable';
  constructor(why: string) {
    super(`The message ${why}.`);
  }
}

/** A message of Postern's, but of another database: two of them share a broker, and none of it may take effect in this one. */
export class MessageOfAnotherJournal extends Error {
  override readonly name = 'MessageOfAnotherJournal';
  constructor(
    readonly theirs: JournalId,
    readonly ours: JournalId,
  ) {
    super(`The message is of the journal ${theirs}, and not of ${ours}.`);
  }
}

import { withoutSecrets, type Recorded } from '../events.js';
import { isUuid, type JournalId } from '../ids.js';
import type { ENVELOPES } from '../schemas/messages.js';
import type { Described } from '../schemas/words.js';
import { splitStreamId, TOPIC_OF_CATEGORY, type Topic } from '../topics.js';

export interface Message<Name extends string> {
  readonly topic: Name;
  /** Messages with the same key come in order: the id of an event's subject, or a policy's username in lower case. */
  readonly key: string;
  readonly value: string;
  readonly headers: { readonly 'content-type': string };
}

export type EventMessage = Message<Topic>;

/** CloudEvents' structured mode: everything is in the value. */
export const CLOUDEVENTS_JSON = 'application/cloudevents+json; charset=utf-8';
const headers = { 'content-type': CLOUDEVENTS_JSON };

export const messageType = (type: string, schemaVersion: number): string => `postern.${type}.v${schemaVersion}`;

export type EventEnvelope = Described<(typeof ENVELOPES.EventEnvelope)[0]>;

const URN = { event: 'urn:postern:journal:', policy: 'urn:postern:relay-policies:' } as const;

/** The `source` of a message. With its `id` it is globally unique, as CloudEvents requires. */
export function sourceOf(kind: keyof typeof URN, journal: JournalId): string {
  return URN[kind] + journal;
}

export function journalOf(kind: keyof typeof URN, source: unknown): JournalId | null {
  if (typeof source !== 'string' || !source.startsWith(URN[kind])) return null;
  const journal = source.slice(URN[kind].length);
  return isUuid(journal) ? (journal as JournalId) : null;
}

/** The message of an event, without secrets: the same bytes each time. */
export function encodeEvent(recorded: Recorded, journal: JournalId): EventMessage {
  const event = withoutSecrets(recorded);
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
    feedxid: event.xid,
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
  return { topic: TOPIC_OF_CATEGORY[category], key: subject, value: JSON.stringify(envelope), headers };
}

/** The error's text says what is wrong, and repeats nothing of the message. */
export class MessageUnreadable extends Error {
  override readonly name = 'MessageUnreadable';
  constructor(why: string) {
    super(`The message ${why}.`);
  }
}

/** A message of another Postern database that shares the broker. It must not take effect here. */
export class MessageOfAnotherJournal extends Error {
  override readonly name = 'MessageOfAnotherJournal';
  constructor(
    readonly theirs: JournalId,
    readonly ours: JournalId,
  ) {
    super(`The message is of the journal ${theirs}, and not of ${ours}.`);
  }
}

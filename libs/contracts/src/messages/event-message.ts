import type { Recorded } from '../events.js';
import type { Topic } from '../topics.js';
import { isUuid, type JournalId } from '../ids.js';

/** An event as it leaves the journal, with the transaction id that makes its place in the feed: `(xid, event.position)`. */
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

/** A message as a broker gives it. */
export interface ReceivedMessage {
  readonly topic: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

/** CloudEvents' structured mode: everything stands in the value. */
export const CLOUDEVENTS_JSON = 'application/cloudevents+json; charset=utf-8';

/** Every `type` is `postern.<event's type>.v<schema version>`. */
export const messageType = (type: string, schemaVersion: number): string => `postern.${type}.v${schemaVersion}`;

/**
 * The value of an event's message. CloudEvents' integers have 32 bits, so that longer ones are texts; an attribute without a
 * value is left out, never null. Times are RFC 3339, UTC, milliseconds.
 */
export interface EventEnvelope {
  readonly specversion: '1.0';
  /** The event's id, UUIDv7: the same in each repeat. */
  readonly id: string;
  /** `urn:postern:journal:<id of the journal>` */
  readonly source: string;
  readonly type: string;
  /** The id of the stream, `smtp-user/0198…`. */
  readonly subject: string;
  /** When it was recorded in the journal. */
  readonly time: string;
  readonly datacontenttype: 'application/json';
  /** Left out where the event belongs to no tenant. */
  readonly tenantid?: string;
  /** 1 for the first event of a stream. */
  readonly streamversion: number;
  /** The transaction id and the position that give its place in the feed: digits. */
  readonly feedxid: string;
  readonly feedposition: string;
  readonly schemaversion: number;
  readonly actorrole: string;
  readonly actorkeyid: string;
  readonly actorname: string;
  readonly correlationid: string;
  /** Left out where no event caused it. */
  readonly causationid?: string;
  readonly data: unknown;
}

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

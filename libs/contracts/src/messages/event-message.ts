import type { Recorded } from '../events.js';
import type { Topic } from '../topics.js';

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

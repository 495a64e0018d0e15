import { ROLES, type EventMetadata, type EventType, type Recorded, type Role } from '../events.js';
import { isUuid, type ApiKeyId, type JournalId, type TenantId } from '../ids.js';
import { utcTime } from '../rfc3339-time.js';
import { splitStreamId, type StreamCategory } from '../streams.js';
import { EVENT_TYPES_OF_TOPIC, TOPIC_OF_CATEGORY, type Topic } from '../topics.js';
import { EventNewerThanProgram, schemaVersionOf, upcast } from '../upcasters.js';
import {
  messageType,
  type FeedEvent,
  type ReceivedMessage,
  MessageOfAnotherJournal,
  MessageUnreadable,
  journalOf,
} from './event-message.js';

/**
 * Reads a message of the event topics as today's readers know it: its data lifted to the current version. Attributes that
 * are not known are passed over; nothing that is needed is guessed.
 *
 * Throws `MessageUnreadable` for what is no such message, and `EventNewerThanProgram` for one that a later release can read.
 * The fields of `data` are the business of whoever handles the event.
 *
 * With `ours`, throws `MessageOfAnotherJournal` for a message that names another, before anything else of it is looked at.
 */
export function decodeEvent(received: ReceivedMessage, ours?: JournalId): FeedEvent {
  const envelope = parse(received.value);
  if (envelope['specversion'] !== '1.0') throw new MessageUnreadable('is no CloudEvent of version 1.0');
  const theirs = journalOf('event', envelope['source']);
  if (theirs === null) throw new MessageUnreadable('does not come from a journal of Postern');
  if (ours !== undefined && theirs !== ours) throw new MessageOfAnotherJournal(theirs, ours);
  const streamId = streamOf(received, text(envelope, 'subject'));
  const schemaVersion = wholeNumber(envelope, 'schemaversion');
  const type = typeOf(received.topic as Topic, text(envelope, 'type'), schemaVersion);
  const event = {
    position: digits(envelope, 'feedposition', Number.MAX_SAFE_INTEGER),
    tenantId: optional(envelope, 'tenantid') as TenantId | null,
    streamId,
    version: wholeNumber(envelope, 'streamversion'),
    eventId: uuid(envelope, 'id'),
    type,
    schemaVersion: schemaVersionOf(type),
    data: lifted(type, schemaVersion, envelope['data']),
    metadata: metadataOf(envelope),
    recordedAt: time(envelope, 'time'),
  };
  digits(envelope, 'feedxid', 2n ** 64n - 1n);
  return { event: event as unknown as Recorded, xid: text(envelope, 'feedxid') };
}

type Envelope = Readonly<Record<string, unknown>>;

const UTF8 = new TextDecoder('utf-8', { fatal: true });

function parse(value: Buffer | null): Envelope {
  if (value === null) throw new MessageUnreadable('is empty');
  let parsed: unknown;
  try {
    parsed = JSON.parse(UTF8.decode(value));
  } catch {
    throw new MessageUnreadable('is no JSON in UTF-8');
  }
  if (!isObject(parsed)) throw new MessageUnreadable('is no JSON object');
  return parsed;
}

/** The stream, which must be one of the topic, and its subject the key: else its events could come out of order. */
function streamOf({ topic, key }: ReceivedMessage, streamId: string): string {
  const { category, subject } = splitStreamId(streamId);
  if (!Object.hasOwn(TOPIC_OF_CATEGORY, category) || TOPIC_OF_CATEGORY[category as StreamCategory] !== topic)
    throw new MessageUnreadable(`has a subject that does not belong on ${topic}`);
  if (key === null || subject === '' || key.toString('utf8') !== subject)
    throw new MessageUnreadable('has a key that is not the id of its subject');
  return streamId;
}

function typeOf(topic: Topic, messageTypeText: string, schemaVersion: number): EventType {
  const type = EVENT_TYPES_OF_TOPIC[topic].find((each) => messageType(each, schemaVersion) === messageTypeText);
  if (type) return type;
  throw new MessageUnreadable(`has a type that this program does not know on ${topic}, or not the one of its version`);
}

function lifted(type: EventType, schemaVersion: number, data: unknown): unknown {
  if (!isObject(data)) throw new MessageUnreadable('has no data');
  try {
    return upcast(type, schemaVersion, data);
  } catch (error) {
    if (error instanceof EventNewerThanProgram) throw error;
    throw new MessageUnreadable(`has data that is no ${messageType(type, schemaVersion)}`);
  }
}

function metadataOf(envelope: Envelope): EventMetadata {
  const role = text(envelope, 'actorrole');
  if (!ROLES.includes(role as Role)) throw wrong('actorrole');
  return {
    actor: { role: role as Role, keyId: text(envelope, 'actorkeyid') as ApiKeyId, name: text(envelope, 'actorname') },
    correlationId: text(envelope, 'correlationid'),
    causationId: optional(envelope, 'causationid'),
  };
}

function text(envelope: Envelope, name: string): string {
  const value = envelope[name];
  if (typeof value !== 'string') throw wrong(name);
  return value;
}

function optional(envelope: Envelope, name: string): string | null {
  return envelope[name] === undefined ? null : text(envelope, name);
}

function wholeNumber(envelope: Envelope, name: string): number {
  const value = envelope[name];
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1) throw wrong(name);
  return value;
}

function digits(envelope: Envelope, name: string, most: number | bigint): number {
  const value = text(envelope, name);
  if (!/^[1-9]\d{0,19}$/.test(value) || BigInt(value) > most) throw wrong(name);
  return Number(value);
}

function uuid(envelope: Envelope, name: string): string {
  const value = text(envelope, name);
  if (!isUuid(value)) throw wrong(name);
  return value;
}

function time(envelope: Envelope, name: string): string {
  const value = utcTime(text(envelope, name));
  if (value === null) throw wrong(name);
  return value;
}

function isObject(value: unknown): value is Envelope {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function wrong(name: string): MessageUnreadable {
  return new MessageUnreadable(`has no good "${name}"`);
}

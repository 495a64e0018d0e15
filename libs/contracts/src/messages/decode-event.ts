import { ROLES } from '../api-key.js';
import type { Recorded } from '../events.js';
import { isUuid, type ApiKeyId, type JournalId, type TenantId } from '../ids.js';
import { utcTime } from '../rfc3339-time.js';
import {
  EVENT_TYPES_OF_TOPIC,
  splitStreamId,
  TOPIC_OF_CATEGORY,
  type EventType,
  type StreamCategory,
  type Topic,
} from '../topics.js';
import { EventNewerThanProgram, schemaVersionOf, upcast } from '../upcasters.js';
import {
  journalOf,
  MessageOfAnotherJournal,
  messageType,
  MessageUnreadable,
  type EventEnvelope,
} from './event-message.js';

interface ReceivedMessage {
  readonly topic: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
}

/** Does not check the fields of `data`. @throws `MessageUnreadable`; `EventNewerThanProgram`; with `ours`, `MessageOfAnotherJournal` before all else. */
export function decodeEvent(received: ReceivedMessage, ours?: JournalId): Recorded {
  const envelope = parse(received.value);
  if (envelope['specversion'] !== '1.0') throw new MessageUnreadable('is not a CloudEvent of version 1.0');
  const theirs = journalOf('event', envelope['source']);
  if (theirs === null) throw new MessageUnreadable('does not come from a journal of Postern');
  if (ours !== undefined && theirs !== ours) throw new MessageOfAnotherJournal(theirs, ours);
  for (const [name, isGood] of ATTRIBUTES)
    if (!isGood(envelope[name])) throw new MessageUnreadable(`has no good "${name}"`);
  const checked = envelope as unknown as EventEnvelope;
  refuseMisplaced(received, checked.subject);
  const { schemaversion, data } = checked;
  const type = typeOf(received.topic as Topic, checked.type, schemaversion);
  return {
    xid: checked.feedxid,
    position: Number(checked.feedposition),
    tenantId: (checked.tenantid ?? null) as TenantId | null,
    streamId: checked.subject,
    version: checked.streamversion,
    eventId: checked.id,
    type,
    schemaVersion: schemaVersionOf(type),
    data: lifted(type, schemaversion, data),
    metadata: {
      actor: {
        role: checked.actorrole,
        keyId: checked.actorkeyid as ApiKeyId,
        name: checked.actorname,
        ...(checked.actorsessionid === undefined ? {} : { sessionId: checked.actorsessionid }),
      },
      correlationId: checked.correlationid,
      causationId: checked.causationid ?? null,
    },
    recordedAt: utcTime(checked.time),
  } as Recorded;
}

type Envelope = Readonly<Record<string, unknown>>;

const isText = (value: unknown): value is string => typeof value === 'string';
const isTextOrMissing = (value: unknown) => value === undefined || isText(value);
const isCount = (value: unknown) => Number.isInteger(value) && (value as number) >= 1;
const isDigits = (most: bigint) => (value: unknown) =>
  isText(value) && /^[1-9]\d{0,19}$/.test(value) && BigInt(value) <= most;

/** Not by zod (with the same schemas), so that relays and the command line need not load it. */
const ATTRIBUTES: readonly (readonly [keyof EventEnvelope, (value: unknown) => boolean])[] = [
  ['subject', isText],
  ['schemaversion', isCount],
  ['type', isText],
  ['feedposition', isDigits(BigInt(Number.MAX_SAFE_INTEGER))],
  ['feedxid', isDigits(2n ** 64n - 1n)],
  ['tenantid', isTextOrMissing],
  ['streamversion', isCount],
  ['id', (value) => isText(value) && isUuid(value)],
  ['time', (value) => isText(value) && utcTime(value) !== null],
  ['actorrole', (value) => (ROLES as readonly unknown[]).includes(value)],
  ['actorkeyid', isText],
  ['actorname', isText],
  ['actorsessionid', (value) => value === undefined || (isText(value) && isUuid(value))],
  ['correlationid', isText],
  ['causationid', isTextOrMissing],
];

const UTF8 = new TextDecoder('utf-8', { fatal: true });

function parse(value: Buffer | null): Envelope {
  if (value === null) throw new MessageUnreadable('is empty');
  let parsed: unknown;
  try {
    parsed = JSON.parse(UTF8.decode(value));
  } catch {
    throw new MessageUnreadable('is not JSON in UTF-8');
  }
  if (!isObject(parsed)) throw new MessageUnreadable('is not a JSON object');
  return parsed;
}

/** The stream must be one of the topic, with its subject as key: otherwise events could come out of order. */
function refuseMisplaced({ topic, key }: ReceivedMessage, streamId: string): void {
  const { category, subject } = splitStreamId(streamId);
  if (!Object.hasOwn(TOPIC_OF_CATEGORY, category) || TOPIC_OF_CATEGORY[category as StreamCategory] !== topic)
    throw new MessageUnreadable(`has a subject that does not belong on ${topic}`);
  if (key === null || subject === '' || key.toString('utf8') !== subject)
    throw new MessageUnreadable('has a key that is not the id of its subject');
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
    throw new MessageUnreadable(`has data that is not a ${messageType(type, schemaVersion)}`);
  }
}

function isObject(value: unknown): value is Envelope {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

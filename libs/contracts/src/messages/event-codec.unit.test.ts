import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { Recorded } from '../events.js';
import type { JournalId, SessionId } from '../ids.js';
import { EVENT_TYPES_OF_TOPIC, TOPICS, type Topic } from '../topics.js';
import { EventNewerThanProgram, schemaVersionOf, upcast } from '../upcasters.js';
import { decodeEvent } from './decode-event.js';
import { encodeEvent } from './event-message.js';

const SAMPLES = join(import.meta.dirname, '..', '..', 'samples');
const ID = '0198c0de-0000-7000-8000-000000000001';
const OURS = '5a6f1c1e-0000-4000-8000-00000000001d' as JournalId;
const THEIRS = '5a6f1c1e-0000-4000-8000-00000000002d' as JournalId;
const CATEGORY: Readonly<Record<Topic, string>> = {
  [TOPICS.smtpUsers]: 'smtp-user',
  [TOPICS.authDenials]: 'auth-denials',
  [TOPICS.tenants]: 'api-key',
};

/** An event of each frozen sample, as it is in the journal. */
const events: [name: string, event: Recorded, writtenAs: number][] = readdirSync(SAMPLES).map((file) => {
  const { type, schemaVersion, data } = JSON.parse(readFileSync(join(SAMPLES, file), 'utf8'));
  const topics = Object.entries<readonly string[]>(EVENT_TYPES_OF_TOPIC);
  const topic = topics.find(([, types]) => types.includes(type))?.[0] as Topic;
  const event = {
    xid: '18446744073709551615',
    position: 9_007_199_254_740_991,
    tenantId: 'acme',
    streamId: `${CATEGORY[topic]}/${ID}`,
    version: 3,
    eventId: '0198c0de-0000-7000-8000-00000000eeee',
    type,
    schemaVersion,
    data,
    metadata: {
      actor: { role: 'admin', keyId: '0198c0de-0000-7000-8000-0000000000aa', name: 'Büro “1”' },
      correlationId: 'request-1',
      causationId: null,
    },
    recordedAt: '2026-01-01T00:00:00.123Z',
  };
  return [file, event as unknown as Recorded, schemaVersion];
});

const added = events.find(([name]) => name === 'RestrictionAdded.v2.json')?.[1] as Recorded;

function received(event: Recorded, changes: Record<string, unknown> = {}) {
  const { topic, key, value } = encodeEvent(event, OURS);
  return { topic, key: Buffer.from(key), value: Buffer.from(JSON.stringify({ ...JSON.parse(value), ...changes })) };
}

describe('an event’s message', () => {
  it('is a CloudEvent whose key is the subject’s id', () => {
    const { value, ...rest } = encodeEvent(added, OURS);
    expect(rest).toEqual({
      topic: 'postern.smtp-users.v1',
      key: ID,
      headers: { 'content-type': 'application/cloudevents+json; charset=utf-8' },
    });
    expect(JSON.parse(value)).toEqual({
      specversion: '1.0',
      id: '0198c0de-0000-7000-8000-00000000eeee',
      source: `urn:postern:journal:${OURS}`,
      type: 'postern.RestrictionAdded.v2',
      subject: `smtp-user/${ID}`,
      time: '2026-01-01T00:00:00.123Z',
      datacontenttype: 'application/json',
      tenantid: 'acme',
      streamversion: 3,
      feedxid: '18446744073709551615',
      feedposition: '9007199254740991',
      schemaversion: 2,
      actorrole: 'admin',
      actorkeyid: '0198c0de-0000-7000-8000-0000000000aa',
      actorname: 'Büro “1”',
      correlationid: 'request-1',
      data: added.data,
    });
  });

  it.each(events)('of %s is read as the event in today’s shape, without its secret', (_name, event, writtenAs) => {
    const { secretHash: _, ...data } = upcast(event.type, writtenAs, event.data) as Record<string, unknown>;
    expect(decodeEvent(received(event))).toEqual({ ...event, schemaVersion: schemaVersionOf(event.type), data });
  });

  it('keeps that it belongs to no tenant, and what caused it', () => {
    const event = { ...added, tenantId: null, metadata: { ...added.metadata, causationId: ID } } as Recorded;
    expect(decodeEvent(received(event))).toEqual(event);
  });

  it('names the session of a browser, where one used the key', () => {
    const actor = { ...added.metadata.actor, sessionId: ID as SessionId };
    const event = { ...added, metadata: { ...added.metadata, actor } } as Recorded;
    expect(JSON.parse(encodeEvent(event, OURS).value)).toMatchObject({ actorsessionid: ID });
    expect(decodeEvent(received(event))).toEqual(event);
  });

  it('is read with attributes that are not known', () => {
    expect(decodeEvent(received(added, { traceparent: '00-0af7651916cd43dd8448eb211c80319c-01' }))).toEqual(added);
  });
});

describe('which journal an event’s message is of', () => {
  it('is recognised by its source, and a reader of that journal reads it', () => {
    expect(decodeEvent(received(added), OURS)).toEqual(added);
  });

  it.each([
    ['that is complete', {}],
    ['that is broken', { data: null, streamversion: 0 }],
  ])('is looked at first: one of another journal %s is refused as such', (_, changes) => {
    const read = () => decodeEvent(received(added, changes), THEIRS);
    expect(read).toThrow(expect.objectContaining({ name: 'MessageOfAnotherJournal', theirs: OURS, ours: THEIRS }));
  });
});

describe('a message that is not ours', () => {
  const good = received(added);
  it.each([
    ['no value', { ...good, value: null }, 'The message is empty.'],
    ['no JSON', { ...good, value: Buffer.from('{"specversion":') }, 'The message is not JSON in UTF-8.'],
    ['no UTF-8', { ...good, value: Buffer.from([0x22, 0xc3, 0x28, 0x22]) }, 'The message is not JSON in UTF-8.'],
    ['a list', { ...good, value: Buffer.from('[]') }, 'The message is not a JSON object.'],
    ['no key', { ...good, key: null }, 'The message has a key that is not the id of its subject.'],
    ['another key', { ...good, key: Buffer.from('x') }, 'The message has a key that is not the id of its subject.'],
    [
      'another topic',
      { ...good, topic: TOPICS.authDenials },
      'The message has a subject that does not belong on postern.auth-denials.v1.',
    ],
    ['another version', received(added, { specversion: '0.3' }), 'The message is not a CloudEvent of version 1.0.'],
    ...['/x', 'urn:postern:journal:', 'urn:postern:journal:x', `urn:postern:relay-policies:${OURS}`, null].map(
      (source) =>
        [
          `the source ${source}`,
          received(added, { source }),
          'The message does not come from a journal of Postern.',
        ] as const,
    ),
    [
      'an inherited name as its kind of stream',
      received(added, { subject: `constructor/${ID}` }),
      'The message has a subject that does not belong on postern.smtp-users.v1.',
    ],
    [
      'a type that is not known',
      received(added, { type: 'postern.Unheard.v1' }),
      'The message has a type that this program does not know on postern.smtp-users.v1, or not the one of its version.',
    ],
    [
      'a type of another version than its own',
      received(added, { schemaversion: 1 }),
      'The message has a type that this program does not know on postern.smtp-users.v1, or not the one of its version.',
    ],
    ['no data', received(added, { data: null }), 'The message has no data.'],
    [
      'data of another shape',
      received(added, { schemaversion: 1, type: 'postern.RestrictionAdded.v1', data: {} }),
      'The message has data that is not a postern.RestrictionAdded.v1.',
    ],
    ...(
      [
        ['id', 'x'],
        ['subject', 7],
        ['time', 'yesterday'],
        ['tenantid', null],
        ['streamversion', 0],
        ['feedxid', '18446744073709551616'],
        ['feedposition', '9007199254740992'],
        ['feedposition', 12],
        ['schemaversion', '2'],
        ['actorrole', 'root'],
        ['actorkeyid', undefined],
        ['actorname', null],
        ['actorsessionid', null],
        ['actorsessionid', 'x'],
        ['correlationid', 1],
        ['causationid', null],
      ] as const
    ).map(
      ([name, value]) =>
        [
          `${name}: ${String(value)}`,
          received(added, { [name]: value }),
          `The message has no good "${name}".`,
        ] as const,
    ),
  ])('%s is reported as unreadable', (_what, message, why) => {
    expect(() => decodeEvent(message)).toThrow(expect.objectContaining({ name: 'MessageUnreadable', message: why }));
  });

  it('is distinguished from what a later release wrote', () => {
    const later = received(added, { schemaversion: 3, type: 'postern.RestrictionAdded.v3' });
    expect(() => decodeEvent(later)).toThrow(EventNewerThanProgram);
  });
});

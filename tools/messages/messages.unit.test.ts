import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Parser } from '@asyncapi/parser';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { JournalId } from '../../libs/contracts/src/ids.js';
import { decodeEvent } from '../../libs/contracts/src/messages/decode-event.js';
import { encodeEvent } from '../../libs/contracts/src/messages/event-message.js';
import { encodePolicy, journalOfPolicy } from '../../libs/contracts/src/messages/policy-message.js';
import type { RelayPolicy } from '../../libs/contracts/src/relay-policy.js';
import { splitStreamId, TOPICS, TOPIC_OF_CATEGORY } from '../../libs/contracts/src/topics.js';
import { schemaVersionOf } from '../../libs/contracts/src/upcasters.js';
import { asyncApi } from './async-api.js';
import { type JsonSchema, jsonSchemas } from './json-schemas.js';

const ROOT = join(import.meta.dirname, '..', '..');
const SCHEMAS = join(ROOT, 'libs', 'contracts', 'schemas');
const SAMPLES = join(ROOT, 'libs', 'contracts', 'wire-samples');
const PUT_RIGHT = 'Run `npm run -s schemas`.';

const generated = jsonSchemas();
const names = Object.keys(generated);
const dataNames = names.filter((name) => !name.includes('Envelope'));
const read = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));
const frozen = (name: string) => read(join(SCHEMAS, `${name}.json`)) as JsonSchema;
const bytesOf = (name: string) => readFileSync(join(SAMPLES, `${name}.json`));

const ajv = new Ajv2020({ strict: true, allErrors: true });
formats.default(ajv);

/** That of the frozen messages. */
const JOURNAL = '0198c0de-0000-7000-8000-00000000001d' as JournalId;
/** The frozen messages, as `<name>.v<version of the data>`. */
const samples = readdirSync(SAMPLES).map((file) => file.replace(/\.json$/, ''));

const nameOf = (versioned: string) => versioned.split('.v')[0] ?? '';

/** The message as a broker gives it: the key is the id of the subject. */
function received(value: Buffer) {
  const { category, subject } = splitStreamId(JSON.parse(value.toString()).subject);
  return { topic: TOPIC_OF_CATEGORY[category], key: Buffer.from(subject), value };
}

function errorsOf(name: string, value: unknown): unknown {
  const validate = ajv.getSchema(name) ?? ajv.addSchema(frozen(name), name).getSchema(name);
  return validate?.(value) === true ? [] : validate?.errors;
}

describe('the JSON Schemas of messages', () => {
  it('are those in libs/contracts/schemas, one for each version of each message', () => {
    expect({ hint: PUT_RIGHT, files: readdirSync(SCHEMAS).toSorted() }).toEqual({
      hint: PUT_RIGHT,
      files: names.map((name) => `${name}.json`).toSorted(),
    });
  });

  it.each(names)('%s is as it is written down: the commit shows what changed', (name) => {
    expect({ hint: PUT_RIGHT, schema: frozen(name) }).toEqual({ hint: PUT_RIGHT, schema: generated[name] });
  });
});

describe('the frozen messages', () => {
  const events = dataNames.filter((name) => !name.startsWith('RelayPolicy'));
  const isToday = (name: string) => name === `${nameOf(name)}.v${schemaVersionOf(nameOf(name))}`;

  it('are one for every version of every message', () => {
    expect(samples.toSorted()).toEqual(dataNames.toSorted());
  });

  it.each(samples)('%s is what its schemas say', (name) => {
    const { data, ...envelope } = read(join(SAMPLES, `${name}.json`)) as { data: unknown };
    const around = name.startsWith('RelayPolicy') ? 'PolicyEnvelope.v1' : 'EventEnvelope.v1';
    expect([errorsOf(around, { ...envelope, data }), errorsOf(name, data)]).toEqual([[], []]);
    expect(envelope).toMatchObject({ type: `postern.${name}`, schemaversion: Number(name.split('.v')[1]) });
  });

  it.each(events.filter(isToday))('%s is read by today’s reader, and written by today’s writer to the byte', (name) => {
    const value = bytesOf(name);
    expect(encodeEvent(decodeEvent(received(value), JOURNAL), JOURNAL).value).toBe(value.toString());
  });

  it.each(events.filter((name) => !isToday(name)))('%s, of before, is read in the shape of today', (name) => {
    const event = decodeEvent(received(bytesOf(name)));
    const today = schemaVersionOf(event.type);
    expect([event.schemaVersion, errorsOf(`${event.type}.v${today}`, event.data)]).toEqual([today, []]);
  });

  it('a relay policy is written by today’s writer to the byte', () => {
    const value = bytesOf('RelayPolicy.v1').toString();
    const { data } = JSON.parse(value) as { data: RelayPolicy };
    expect(encodePolicy(data, JOURNAL)).toEqual({
      topic: 'postern.relay-policies.v1',
      key: 'app@acme.example',
      value,
      headers: { 'content-type': 'application/cloudevents+json; charset=utf-8' },
    });
    expect(journalOfPolicy(Buffer.from(value))).toBe(JOURNAL);
    expect(journalOfPolicy(Buffer.from(value.replace(`:${JOURNAL}`, ':none')))).toBeNull();
  });
});

describe('the AsyncAPI document', () => {
  const file = join(ROOT, 'docs', 'asyncapi.json');

  it('is the one in docs', () => {
    const { version } = read(join(ROOT, 'package.json')) as { version: string };
    expect({ hint: PUT_RIGHT, document: read(file) }).toEqual({ hint: PUT_RIGHT, document: asyncApi(version) });
  });

  it('is valid AsyncAPI 3, and has the four topics with every message', async () => {
    const { document, diagnostics } = await new Parser().parse(readFileSync(file, 'utf8'));
    expect(diagnostics.filter(({ severity }) => severity <= 1).map(({ message, path }) => ({ message, path }))).toEqual(
      [],
    );
    const channels = document?.channels().all() ?? [];
    expect(channels.map((channel) => channel.address()).toSorted()).toEqual(
      [...Object.values(TOPICS), 'postern.relay-policies.v1'].toSorted(),
    );
    const messages = channels.flatMap((channel) =>
      channel
        .messages()
        .all()
        .map((message) => message.name()),
    );
    expect(messages.toSorted()).toEqual(dataNames.map((name) => `postern.${name}`).toSorted());
  });
});

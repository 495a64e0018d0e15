import { describe, expect, it } from '@jest/globals';
import { DocumentedApi, type ReceivedAnswer } from './documented-api.js';

const api = new DocumentedApi({
  paths: {
    '/things': {
      get: {
        responses: {
          '200': {
            headers: { ETag: { required: true, schema: { type: 'string' } } },
            content: {
              'application/json': { schema: { $ref: '#/components/schemas/Thing' } },
              'application/x-ndjson': { 'x-line-schema': { $ref: '#/components/schemas/Thing' } },
              'text/event-stream': { 'x-event-schemas': { thing: { $ref: '#/components/schemas/Thing' } } },
            },
          },
          '204': {},
          '404': { $ref: '#/components/responses/gone' },
        },
      },
    },
  },
  components: {
    schemas: {
      Thing: {
        type: 'object',
        properties: { id: { type: 'string' }, inner: { type: 'object', properties: { at: { format: 'date-time' } } } },
        required: ['id'],
      },
      Problem: { type: 'object', properties: { code: { type: 'string' } }, required: ['code'] },
    },
    responses: {
      gone: {
        content: {
          'application/problem+json': {
            schema: {
              allOf: [{ $ref: '#/components/schemas/Problem' }],
              properties: { code: { enum: ['thing-not-found'] }, version: { type: 'integer' } },
            },
          },
        },
      },
    },
  },
});

const thing = (body: unknown, more: Partial<ReceivedAnswer> = {}, type = 'application/json'): readonly string[] =>
  api.complaints('GET /things', {
    status: 200,
    headers: new Headers({ etag: '"1"', 'content-type': type }),
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...more,
  });
const gone = (body: unknown): readonly string[] =>
  thing(body, { status: 404, headers: new Headers({ 'content-type': 'application/problem+json' }) });

describe('an answer', () => {
  it('that is as documented has no complaints', () => {
    expect(thing({ id: 'a', inner: { at: '2026-11-01T08:00:00.000Z' } })).toEqual([]);
    expect(thing('{"id":"a"}\n{"id":"b"}\n', {}, 'application/x-ndjson; charset=utf-8')).toEqual([]);
    expect(thing('event: thing\ndata: {"id":"a"}\n\n', {}, 'text/event-stream')).toEqual([]);
    expect(gone({ code: 'thing-not-found', version: 3 })).toEqual([]);
    expect(thing('', { status: 204, headers: new Headers() })).toEqual([]);
  });

  it.each([
    ['a field that is not documented', thing({ id: 'a', more: 1 }), 'unevaluated'],
    ['such a field further in', thing({ id: 'a', inner: { more: 1 } }), '/inner must NOT have unevaluated'],
    ['such a field next to an allOf', gone({ code: 'thing-not-found', more: 1 }), 'unevaluated'],
    ['a field of another type', thing({ id: 1 }), '/id must be string'],
    ['a time that is none', thing({ id: 'a', inner: { at: 'today' } }), '/inner/at must match format'],
    ['a field too few', thing({}), "required property 'id'"],
    ['a code that the route has not', gone({ code: 'other' }), '/code must be equal to one of the allowed values'],
    ['a bad line among good ones', thing('{"id":"a"}\n{"id":2}\n', {}, 'application/x-ndjson'), '/id must be string'],
    ['an event that is not documented', thing('event: x\ndata: {}\n\n', {}, 'text/event-stream'), 'the event x is not'],
    ['a media type that is not documented', thing('id\n', {}, 'text/csv'), 'text/csv is not documented'],
    ['a status that is not documented', thing({}, { status: 418 }), '418, which is not documented'],
    ['a body where none is documented', thing('x', { status: 204, headers: new Headers() }), 'no content-type'],
    [
      'a header too few',
      thing({ id: 'a' }, { headers: new Headers({ 'content-type': 'application/json' }) }),
      'etag is missing',
    ],
    [
      'a header that is not documented',
      thing({ id: 'a' }, { headers: new Headers({ etag: '"1"', 'content-type': 'application/json', 'x-new': '1' }) }),
      'x-new is not documented',
    ],
    [
      'a route that is not documented',
      api.complaints('PUT /things', { status: 200, headers: new Headers(), body: '' }),
      'PUT /things is not documented',
    ],
  ])('with %s is complained about', (_, complaints, words) => {
    expect(complaints).toEqual([expect.stringContaining(words)]);
  });
});

import { describe, expect, it } from '@jest/globals';
import type { ApiDocument, ApiOperation } from '@postern/testing';
import { breakingChanges } from './breaking-changes.js';

type Fields = Readonly<Record<string, object>>;

/** A document of one route that takes and answers these fields. */
function documentOf(
  sent: { readonly fields: Fields; readonly required?: readonly string[] },
  answered: { readonly fields: Fields; readonly required?: readonly string[] },
  more: Partial<ApiOperation> = {},
): ApiDocument {
  const request = {
    type: 'object',
    properties: sent.fields,
    required: sent.required ?? [],
    additionalProperties: false,
  };
  return {
    paths: {
      '/things': {
        post: {
          requestBody: { required: true, content: { 'application/json': { schema: request } } },
          responses: {
            '200': {
              headers: { ETag: { required: true, schema: { type: 'string' } } },
              content: { 'application/json': { schema: { $ref: '#/components/schemas/Thing' } } },
            },
          },
          ...more,
        },
      },
    },
    components: {
      schemas: { Thing: { type: 'object', properties: answered.fields, required: answered.required ?? [] } },
    },
  };
}

const text = { type: 'string' };
const nullable = { anyOf: [text, { type: 'null' }] };
const none = { fields: {} };
const released = documentOf(none, none);

describe('nobody is broken by', () => {
  it.each<[string, ApiDocument, ApiDocument]>([
    ['the same document', released, released],
    ['a new route', { paths: {} }, released],
    ['a new field in an answer', released, documentOf(none, { fields: { id: text }, required: ['id'] })],
    ['a new field in a request that may be left out', released, documentOf({ fields: { id: text } }, none)],
    [
      'a request’s field that may be more than it was',
      documentOf({ fields: { a: { enum: ['x'] }, b: { ...text, maxLength: 5 } }, required: ['a'] }, none),
      documentOf({ fields: { a: { enum: ['x', 'y'] }, b: nullable } }, none),
    ],
    [
      'an answer’s field that may be less than it was',
      documentOf(none, { fields: { a: nullable, b: { enum: ['x', 'y'] } } }),
      documentOf(none, { fields: { a: text, b: { enum: ['x'] } } }),
    ],
    [
      'a new value where the released document said that there may be more',
      documentOf(none, { fields: { a: { enum: ['x'], 'x-may-grow': true } } }),
      documentOf(none, { fields: { a: { enum: ['x', 'y'], 'x-may-grow': true } } }),
    ],
    [
      'a refusal that happens no more',
      documentOf(none, none, { responses: { '409': {} } }),
      documentOf(none, none, { responses: {} }),
    ],
  ])('%s', (_, before, after) => expect(breakingChanges(before, after)).toEqual([]));
});

describe('a caller is broken by', () => {
  const parameter = (more: object): Partial<ApiOperation> => ({
    parameters: [{ name: 'limit', in: 'query', schema: { type: 'integer', maximum: 500 }, ...more }],
  });
  const secured = (...roles: readonly string[]): Partial<ApiOperation> => ({
    security: roles.map((role) => ({ apiKey: [role] })),
  });
  const answer = (more: object): Partial<ApiOperation> => ({ responses: { '200': more } });

  const breaks: readonly (readonly [ApiDocument, ApiDocument, string])[] = [
    [released, { paths: {} }, 'POST /things is gone'],
    [released, { paths: { '/things': {} } }, 'POST /things is gone'],
    [released, documentOf(none, none, secured('admin')), 'asks for an API key now'],
    [
      documentOf(none, none, secured('admin', 'auditor')),
      documentOf(none, none, secured('admin')),
      'no longer takes {"apiKey":["auditor"]}',
    ],
    [documentOf(none, none, parameter({})), released, 'the parameter query limit is gone'],
    [
      documentOf(none, none, parameter({})),
      documentOf(none, none, parameter({ required: true })),
      'the parameter query limit is required now',
    ],
    [released, documentOf(none, none, parameter({ required: true })), 'the parameter query limit is required now'],
    [
      documentOf(none, none, parameter({})),
      documentOf(none, none, parameter({ schema: { type: 'integer', maximum: 50 } })),
      'the parameter query limit has the maximum 50 now',
    ],
    [
      documentOf({ fields: { a: text } }, none),
      documentOf({ fields: { a: text }, required: ['a'] }, none),
      'body must have the field a now',
    ],
    [documentOf({ fields: { a: text } }, none), documentOf(none, none), 'body may no longer have the field a'],
    [
      documentOf({ fields: { a: nullable } }, none),
      documentOf({ fields: { a: text } }, none),
      'body/a may no longer be null',
    ],
    [
      documentOf({ fields: { a: text } }, none),
      documentOf({ fields: { a: { ...text, pattern: '^x$' } } }, none),
      'body/a has the pattern ^x$ now',
    ],
    [
      documentOf({ fields: { a: { enum: ['x', 'y'] } } }, none),
      documentOf({ fields: { a: { enum: ['x'] } } }, none),
      'body/a may no longer be "y"',
    ],
    [
      documentOf({ fields: { a: { type: 'array', items: text } } }, none),
      documentOf({ fields: { a: { type: 'array', items: { type: 'integer' } } } }, none),
      'body/a/* may no longer be string',
    ],
    [
      released,
      documentOf(none, none, { requestBody: { required: true, content: {} } }),
      'no longer takes application/json',
    ],
    [released, documentOf(none, none, answer({ content: {} })), '200 no longer has the header ETag'],
    [
      documentOf(none, none, answer({ content: { 'text/csv': {} } })),
      documentOf(none, none, answer({})),
      '200 is no longer answered as text/csv',
    ],
    [released, documentOf(none, none, { responses: { '201': {} } }), '200 is no longer answered'],
    [documentOf(none, { fields: { a: text } }), released, '200 application/json no longer has the field a'],
    [
      documentOf(none, { fields: { a: text }, required: ['a'] }),
      documentOf(none, { fields: { a: text } }),
      '200 application/json does not always have the field a any more',
    ],
    [
      documentOf(none, { fields: { a: text } }),
      documentOf(none, { fields: { a: nullable } }),
      '200 application/json/a may be null now',
    ],
    [
      documentOf(none, { fields: { a: { enum: ['x'] } } }),
      documentOf(none, { fields: { a: { enum: ['x', 'y'] } } }),
      '200 application/json/a may be "y" now',
    ],
    [
      documentOf(none, { fields: { a: { ...text, format: 'date-time' } } }),
      documentOf(none, { fields: { a: text } }),
      '200 application/json/a no longer has the format date-time',
    ],
    [
      documentOf(
        none,
        none,
        answer({ content: { x: { schema: { allOf: [{ properties: { a: text } }], properties: { b: text } } } } }),
      ),
      documentOf(none, none, answer({ content: { x: { schema: { allOf: [], properties: { b: text } } } } })),
      '200 x no longer has the field a',
    ],
    [
      documentOf(none, none, answer({ content: { x: { 'x-event-schemas': { reset: text } } } })),
      documentOf(none, none, answer({ content: { x: { 'x-event-schemas': {} } } })),
      '200 the event reset is gone',
    ],
  ];
  it.each(breaks.map(([before, after, line]) => [line, before, after] as const))('%s', (line, before, after) => {
    expect(breakingChanges(before, after)).toContainEqual(expect.stringContaining(line));
  });
});

import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { Problem } from '../problem/problem.js';
import { fieldCode, SchemaPipe } from './schema-pipe.js';

const schema = z.strictObject({
  name: z.string().refine((name) => name !== 'bad', fieldCode('username-invalid', 'No such name.')),
  entries: z.array(z.strictObject({ range: z.string() })).optional(),
});

function problemOf(value: unknown, type: 'body' | 'query' = 'body'): Record<string, unknown> {
  try {
    new SchemaPipe().transform(value, { type, schema });
  } catch (error) {
    expect(error).toBeInstanceOf(Problem);
    return (error as Problem).toJson('request-1');
  }
  throw new Error('it was accepted');
}

describe('a request that does not fit its schema', () => {
  it('is answered completely, with a pointer and a code for each field', () => {
    expect(problemOf({ name: 'bad', entries: [{ range: '192.0.2.1', 'a/b': 1 }, {}], extra: true })).toEqual({
      type: 'urn:postern:problem:validation-failed',
      title: 'The request is not valid',
      status: 422,
      detail: '/name: No such name. (and 3 more, in "errors")',
      code: 'validation-failed',
      requestId: 'request-1',
      errors: [
        { pointer: '/name', code: 'username-invalid', detail: 'No such name.', suggestions: [] },
        {
          pointer: '/entries/0/a~1b',
          code: 'field-unknown',
          detail: 'This request has no field "a/b". Remove it.',
          suggestions: [],
        },
        { pointer: '/entries/1/range', code: 'field-missing', detail: 'This field is required.', suggestions: [] },
        {
          pointer: '/extra',
          code: 'field-unknown',
          detail: 'This request has no field "extra". Remove it.',
          suggestions: [],
        },
      ],
    });
  });

  it('points at a query parameter by its name', () => {
    expect(problemOf({}, 'query')['errors']).toMatchObject([{ pointer: '?name', code: 'field-missing' }]);
  });

  it('answers a bounded number of errors', () => {
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`f${i}`, 1]));
    expect(problemOf({ name: 'good', ...many })['errors']).toHaveLength(50);
  });

  it('without a body is one in which every field is missing', () => {
    expect(problemOf(undefined)['errors']).toMatchObject([{ pointer: '/name', code: 'field-missing' }]);
  });

  it('and a parameter without a schema passes as it is', () => {
    expect(new SchemaPipe().transform('x', { type: 'param' })).toBe('x');
  });
});

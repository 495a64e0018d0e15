import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { documentedAs, jsonSchemaOf, namedSchemas } from './json-schema.js';
import { time, viewOf, integer } from './view.js';

interface Thing {
  readonly at: string;
  readonly count: number;
}
const thing = viewOf<Thing>('UnitThing', 'A thing.', { at: time('2026-11-01T08:00:00.000Z'), count: integer(1, 3) });

describe('a JSON Schema', () => {
  it('refers to a named schema, and keeps it open where it is answered', () => {
    expect(jsonSchemaOf(thing, 'output')).toEqual({ $ref: '#/components/schemas/UnitThing' });
    expect(namedSchemas()['UnitThing']).toEqual({
      type: 'object',
      description: 'A thing.',
      properties: {
        at: {
          type: 'string',
          format: 'date-time',
          description: 'RFC 3339, UTC, milliseconds.',
          examples: ['2026-11-01T08:00:00.000Z'],
        },
        count: { type: 'integer', minimum: 1, examples: [3] },
      },
      required: ['at', 'count'],
    });
  });

  it('of a request is closed if the schema is strict, and shows a parsed text as the parsed type', () => {
    const limit = z.string().regex(/^\d+$/).transform(Number).default(50);
    const query = z.strictObject({ limit: limit.meta({ type: 'integer', minimum: 1, default: 50, examples: [10] }) });
    expect(jsonSchemaOf(query, 'input')).toEqual({
      type: 'object',
      properties: { limit: { type: 'integer', minimum: 1, default: 50, examples: [10] } },
      additionalProperties: false,
    });
  });

  it('is another schema’s where that documents what is checked by hand', () => {
    const batch = z.strictObject({ items: z.array(documentedAs(z.unknown(), thing)).max(2) });
    expect(jsonSchemaOf(batch, 'input')).toMatchObject({
      properties: { items: { type: 'array', items: { $ref: '#/components/schemas/UnitThing' }, maxItems: 2 } },
    });
  });

  it('is refused where another one has its name', () => {
    const other = z.object({ other: z.string() }).meta({ id: 'UnitThing2' });
    jsonSchemaOf(other, 'output');
    const third = z.object({ third: z.string() });
    z.globalRegistry.remove(other);
    expect(() => jsonSchemaOf(third.meta({ id: 'UnitThing2' }), 'output')).toThrow(
      'Two schemas of the API are named UnitThing2: give one of them another name.',
    );
  });
});

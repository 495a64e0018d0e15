import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { breakingChanges } from './breaking-changes.js';
import type { JsonSchema } from './json-schemas.js';

const schema = (members: z.ZodRawShape) => z.toJSONSchema(z.object(members), { io: 'input' }) as JsonSchema;

const was = {
  ip: z.string().regex(/^[0-9a-f.:]+$/),
  mode: z.enum(['enforce', 'report-only']),
  note: z.string().nullable(),
  count: z.int().min(1).max(10),
  entries: z.array(z.object({ range: z.string().min(1) })).min(1),
};

describe('a change of a schema breaks consumers', () => {
  it.each<[what: string, now: z.ZodRawShape, breaks: string[]]>([
    ['where a member is gone', { ip: was.ip, mode: was.mode, note: was.note, count: was.count }, ['$.entries is gone']],
    ['where a member may be left out', { ...was, ip: was.ip.optional() }, ['$.ip may be left out']],
    ['where a member may be null', { ...was, ip: was.ip.nullable() }, ['$.ip may be null, which it could not be']],
    [
      'where a type is another',
      { ...was, ip: z.int() },
      ['$.ip may be integer, which it could not be', '$.ip has another pattern'],
    ],
    [
      'where a value is new',
      { ...was, mode: z.enum(['enforce', 'report-only', 'off']) },
      ['$.mode may be off, which is new'],
    ],
    [
      'where any value may come',
      { ...was, mode: z.string() },
      ['$.mode may be any value, not just enforce, report-only'],
    ],
    ['where a pattern is gone', { ...was, ip: z.string() }, ['$.ip has another pattern']],
    [
      'where bounds are wider',
      { ...was, count: z.int().min(0).max(11), entries: z.array(z.object({ range: z.string() })) },
      [
        '$.count has a lower minimum',
        '$.count has a higher maximum',
        '$.entries has a lower minItems',
        '$.entries[].range has a lower minLength',
      ],
    ],
    [
      'where it is deep inside',
      { ...was, entries: z.array(z.object({ cidr: z.string() })).min(1) },
      ['$.entries[].range is gone'],
    ],
  ])('%s', (_, now, breaks) => expect(breakingChanges(schema(was), schema(now))).toEqual(breaks));

  it('but not where there is a member more, or a stricter rule', () => {
    const now = {
      ...was,
      note: z.string(),
      mode: z.enum(['enforce']),
      count: z.int().min(2).max(3),
      source: z.string(),
    };
    expect(breakingChanges(schema(was), schema(now))).toEqual([]);
    expect(breakingChanges(schema(was), schema(was))).toEqual([]);
  });
});

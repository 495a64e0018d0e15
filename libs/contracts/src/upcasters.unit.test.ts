import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { EVENT_TYPES_OF_TOPIC } from './topics.js';
import { EventNewerThanProgram, schemaVersionOf, upcast } from './upcasters.js';

interface Sample {
  readonly type: string;
  readonly schemaVersion: number;
  readonly data: Record<string, unknown>;
}

const FOLDER = join(import.meta.dirname, '..', 'samples');

function sample(type: string, schemaVersion: number): Sample {
  return JSON.parse(readFileSync(join(FOLDER, `${type}.v${schemaVersion}.json`), 'utf8')) as Sample;
}

/** The names of all members, at any depth: what a reader may rely on. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf);
  if (value === null || typeof value !== 'object') return '';
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, shapeOf(member)]));
}

describe('the frozen samples of events', () => {
  const types = Object.values(EVENT_TYPES_OF_TOPIC).flat();
  const versions = types.flatMap((type) =>
    Array.from({ length: schemaVersionOf(type) }, (_, i) => [type, i + 1] as const),
  );

  it('are one for every version of every event type', () => {
    const expected = versions.map(([type, version]) => `${type}.v${version}.json`);
    expect(readdirSync(FOLDER).toSorted()).toEqual(expected.toSorted());
  });

  it.each(versions)('%s of version %i is read in the shape of today', (type, version) => {
    const { data, ...envelope } = sample(type, version);
    expect(envelope).toEqual({ type, schemaVersion: version });
    expect(shapeOf(upcast(type, version, data))).toEqual(shapeOf(sample(type, schemaVersionOf(type)).data));
  });

  it.each(types)('%s as it is written today is not changed by reading it', (type) => {
    const { data } = sample(type, schemaVersionOf(type));
    expect(upcast(type, schemaVersionOf(type), data)).toEqual(data);
  });
});

describe('an upcaster', () => {
  it('adds the canonical range as `typed` to an entry of version 1, and no note', () => {
    const { data } = sample('RestrictionAdded', 1);
    expect(upcast('RestrictionAdded', 1, data)).toEqual({
      entries: [
        {
          id: '0198c0de-0000-7000-8000-0000000000e1',
          range: '2001:db8::/64',
          typed: '2001:db8::/64',
          note: null,
          addedBy: 'ci',
          addedAt: '2026-01-01T00:00:00.000Z',
          expiresAt: null,
        },
      ],
    });
  });

  it('does not guess at an event of a later release', () => {
    expect(() => upcast('RestrictionAdded', 3, {})).toThrow(EventNewerThanProgram);
  });
});

import { z } from 'zod';
import { ENVELOPES } from './envelopes.js';
import { EVENT_DATA } from './event-data.js';
import { RELAY_POLICY_DATA } from './relay-policy-data.js';

/**
 * The schemas of all messages by name: `RestrictionAdded.v2` is the `data` of that type, `EventEnvelope.v1` what stands around
 * it. They are open: a consumer must pass over members that it does not know, since a release may add some.
 */
export function jsonSchemas(
  dialect: 'draft-2020-12' | 'draft-7' = 'draft-2020-12',
): Readonly<Record<string, JsonSchema>> {
  const all: Readonly<Record<string, readonly z.ZodType[]>> = {
    ...ENVELOPES,
    ...EVENT_DATA,
    RelayPolicy: RELAY_POLICY_DATA,
  };
  const named = Object.entries(all).flatMap(([name, versions]) =>
    versions.map((schema, i): [string, z.ZodType] => [`${name}.v${i + 1}`, schema]),
  );
  return Object.fromEntries(
    named.map(([name, schema]) => {
      // As input: as output the objects would be closed.
      const { $schema, ...rest } = z.toJSONSchema(schema, { target: dialect, io: 'input' }) as JsonSchema;
      return [name, { ...($schema === undefined ? {} : { $schema }), title: name, ...rest } as JsonSchema];
    }),
  );
}

/** As much of JSON Schema as Postern's schemas use. */
export interface JsonSchema {
  readonly $schema?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly minLength?: number;
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly anyOf?: readonly JsonSchema[];
}

import { z } from 'zod';
import { ENVELOPES, RELAY_POLICY_DATA } from '../../libs/contracts/src/schemas/messages.js';
import { EVENT_DATA } from '../../libs/contracts/src/schemas/event-data.js';

/**
 * The schemas of all messages by name: `RestrictionAdded.v2` is the `data` of that type, `EventEnvelope.v1` what is around
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
  return Object.fromEntries(
    Object.entries(all).flatMap(([type, versions]) =>
      versions.map((schema, i) => {
        const title = `${type}.v${i + 1}`;
        // As input: as output the objects would be closed.
        const { $schema, ...rest } = z.toJSONSchema(schema, { target: dialect, io: 'input' }) as JsonSchema;
        return [title, { ...($schema !== undefined && { $schema }), title, ...rest }];
      }),
    ),
  );
}

/** A JSON Schema as JSON. */
export type JsonSchema = Readonly<Record<string, unknown>>;

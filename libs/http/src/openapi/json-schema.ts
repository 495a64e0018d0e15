import { z } from 'zod';

export type JsonSchema = Readonly<Record<string, unknown>>;

const named: Record<string, JsonSchema> = {};
const substitutes = new WeakMap<object, z.ZodType>();

export function namedSchemas(): Readonly<Record<string, JsonSchema>> {
  return named;
}

/** For items that a handler checks, not the body's schema. */
export function documentedAs<S extends z.ZodType>(schema: S, as: z.ZodType): S {
  substitutes.set(schema, as);
  return schema;
}

/** Strict request schemas (`input`) are closed; answers (`output`) stay open, because new fields may appear. @throws if two schemas have one name. */
export function jsonSchemaOf(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  // In an array, because the outermost schema would not be a reference.
  const { items, $defs = {} } = z.toJSONSchema(z.array(schema), {
    io,
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      const as = substitutes.get(zodSchema);
      if (as) replace(jsonSchema, jsonSchemaOf(as, io));
      if (io === 'output' && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
      if (io === 'input') restate(jsonSchema, z.globalRegistry.get(zodSchema));
      tidy(jsonSchema);
    },
  });
  for (const [name, { id: _, ...definition }] of Object.entries($defs)) keep(name, referring(definition));
  return referring(items as JsonSchema);
}

/** zod drops these where a text is transformed, because it cannot know that they describe the text. */
function restate(schema: z.core.JSONSchema.BaseSchema, meta: z.core.GlobalMeta | undefined): void {
  if (meta?.['examples'] !== undefined) schema.examples = meta['examples'] as unknown[];
  if (meta?.['default'] !== undefined) schema.default = meta['default'] as never;
}

function tidy(schema: z.core.JSONSchema.BaseSchema): void {
  if (schema.type === 'integer' || schema.format === 'date-time') delete schema.pattern;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
}

function keep(name: string, schema: JsonSchema): void {
  const known = named[name];
  if (known && JSON.stringify(known) !== JSON.stringify(schema)) {
    throw new Error(`Two schemas of the API are named ${name}: give one of them another name.`);
  }
  named[name] = schema;
}

function referring(schema: JsonSchema): JsonSchema {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/')) as JsonSchema;
}

function replace(target: object, by: JsonSchema): void {
  for (const key of Object.keys(target)) delete (target as Record<string, unknown>)[key];
  Object.assign(target, by);
}

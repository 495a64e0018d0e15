import { z } from 'zod';

/** A JSON Schema 2020-12, as OpenAPI 3.1 takes it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** The schemas that have a name, as they were met: `#/components/schemas/<name>`. */
const named = new Map<string, JsonSchema>();
const substitutes = new WeakMap<object, z.ZodType>();

/** The named schema of that name, or undefined where none was converted. */
export function namedSchema(name: string): JsonSchema | undefined {
  return named.get(name);
}

/** Documents a schema by another one: for what a handler checks item by item, and not the schema of its body. */
export function documentedAs<S extends z.ZodType>(schema: S, as: z.ZodType): S {
  substitutes.set(schema, as);
  return schema;
}

/**
 * The JSON Schema of what a caller sends (`input`) or is answered (`output`); named schemas are referred to. What is sent
 * is closed where its schema is strict. What is answered stays open: new fields may appear.
 * Throws where two schemas have one name.
 */
export function jsonSchemaOf(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  // In an array, since the outermost schema would not be referred to by its name.
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

/** zod takes these out where a text is transformed, since it cannot know that they are of the text. */
function restate(schema: z.core.JSONSchema.BaseSchema, meta: z.core.GlobalMeta | undefined): void {
  if (meta?.['examples'] !== undefined) schema.examples = meta['examples'] as unknown[];
  if (meta?.['default'] !== undefined) schema.default = meta['default'] as never;
}

/** What follows from the rest, or is of the text that a number was read from. */
function tidy(schema: z.core.JSONSchema.BaseSchema): void {
  if (schema.type === 'integer' || schema.format === 'date-time') delete schema.pattern;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
}

function keep(name: string, schema: JsonSchema): void {
  const known = named.get(name);
  if (known && JSON.stringify(known) !== JSON.stringify(schema)) {
    throw new Error(`Two schemas of the API are named ${name}: give one of them another name.`);
  }
  named.set(name, schema);
}

function referring(schema: JsonSchema): JsonSchema {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/')) as JsonSchema;
}

function replace(target: object, by: JsonSchema): void {
  for (const key of Object.keys(target)) delete (target as Record<string, unknown>)[key];
  Object.assign(target, by);
}

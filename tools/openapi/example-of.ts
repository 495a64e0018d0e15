import { namedSchema, type JsonSchema } from '../../libs/http/src/openapi/json-schema.js';

/** A value of the schema, made of the examples of its fields. A list has one item; what may be null is not. */
export function exampleOf(schema: JsonSchema): unknown {
  const { $ref, examples, example, anyOf, type, properties, items } = schema as {
    readonly $ref?: string;
    readonly examples?: readonly unknown[];
    readonly example?: unknown;
    readonly anyOf?: readonly JsonSchema[];
    readonly type?: string;
    readonly properties?: Readonly<Record<string, JsonSchema>>;
    readonly items?: JsonSchema;
  };
  if ($ref !== undefined) return exampleOf(namedSchema($ref.split('/').at(-1) ?? '') ?? {});
  if (examples !== undefined) return examples[0];
  if (example !== undefined) return example;
  if (schema['enum'] !== undefined) return (schema['enum'] as readonly unknown[])[0];
  if (schema['const'] !== undefined) return schema['const'];
  if (schema['default'] !== undefined) return schema['default'];
  if (anyOf !== undefined) return exampleOf(anyOf[0] ?? {});
  if (properties !== undefined) {
    return Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, exampleOf(field)]));
  }
  if (type === 'array') return items === undefined ? [] : [exampleOf(items)];
  if (type === 'object') return {};
  return type === 'boolean' ? true : null;
}

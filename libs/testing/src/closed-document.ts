/** What is data and no schema. */
const DATA = new Set(['example', 'examples', 'default', 'enum', 'const']);

/**
 * The document with its objects closed: a field that no schema names is then an error. The published one leaves answers
 * open, since new fields may appear; a test wants to know of each.
 */
export function closedDocument<T>(document: T): T {
  return closed(document, false) as T;
}

/** `partial`: it is one of an `allOf`, or a named schema: only the schema that refers to it can be closed. */
function closed(value: unknown, partial: boolean): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => closed(item, partial));
  if (typeof value !== 'object' || value === null) return value;
  const inside = Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, DATA.has(key) ? inner : insideOf(key, inner)]),
  );
  return !partial && isObjectSchema(inside) ? { ...inside, unevaluatedProperties: false } : inside;
}

function insideOf(key: string, value: unknown): unknown {
  if (key !== 'schemas') return closed(value, key === 'allOf');
  return Object.fromEntries(Object.entries(value as object).map(([name, schema]) => [name, closed(schema, true)]));
}

function isObjectSchema(value: Readonly<Record<string, unknown>>): boolean {
  const ref = value['$ref'];
  if (typeof ref === 'string') return ref.startsWith('#/components/schemas/');
  return typeof value['properties'] === 'object' && (value['type'] === 'object' || Array.isArray(value['allOf']));
}

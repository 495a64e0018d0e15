/** A JSON Schema whose references were followed. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: unknown;
  readonly items?: unknown;
  readonly allOf?: readonly unknown[];
  readonly anyOf?: readonly unknown[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly [keyword: string]: unknown;
}
/** What of `after` breaks somebody who was written against `before`, in the words that follow "the field …". */
export type Rule = (before: Schema, after: Schema) => readonly string[];

/** The JSON types that it takes, sorted; none where it says nothing of them. */
export function typesOf(schema: Schema): readonly string[] {
  if (schema.anyOf) return [...new Set(schema.anyOf.flatMap((one) => typesOf(one as Schema)))].sort();
  if (typeof schema['$ref'] === 'string') return ['object'];
  if (schema.type === undefined) return valuesOf(schema) ? valueTypes(schema) : [];
  return [schema.type].flat().sort();
}

function valueTypes(schema: Schema): readonly string[] {
  const values = valuesOf(schema) ?? [];
  return [
    ...new Set(values.map((value) => (Number.isInteger(value) ? 'integer' : value === null ? 'null' : typeof value))),
  ].sort();
}

/** The values that a schema lists; null where it lists none. */
function valuesOf(schema: Schema): readonly unknown[] | null {
  return schema.enum ?? ('const' in schema ? [schema.const] : null);
}

const without = <T>(these: readonly T[], those: readonly T[]): readonly T[] =>
  these.filter((one) => !those.includes(one));

const typeNoLongerTaken: Rule = (before, after) => {
  const [was, is] = [typesOf(before), typesOf(after)];
  if (is.length === 0) return [];
  if (was.length === 0) return [`must be ${is.join(' or ')} now`];
  const lost = without(was, is).filter((type) => !(type === 'integer' && is.includes('number')));
  return lost.map((type) => `may no longer be ${type}`);
};

const typeNewlyAnswered: Rule = (before, after) => {
  const [was, is] = [typesOf(before), typesOf(after)];
  if (was.length === 0) return [];
  if (is.length === 0) return ['may be of any type now'];
  const gained = without(is, was).filter((type) => !(type === 'integer' && was.includes('number')));
  return gained.map((type) => `may be ${type} now`);
};

const valueNoLongerTaken: Rule = (before, after) => {
  const [was, is] = [valuesOf(before), valuesOf(after)];
  if (is === null) return [];
  if (was === null) return [`may only be ${JSON.stringify(is)} now`];
  return without(was, is).map((value) => `may no longer be ${JSON.stringify(value)}`);
};

/** Unless the released document said that there may be more. */
const valueNewlyAnswered: Rule = (before, after) => {
  const [was, is] = [valuesOf(before), valuesOf(after)];
  if (was === null || before['x-may-grow'] === true) return [];
  if (is === null) return ['may be any value now'];
  return without(is, was).map((value) => `may be ${JSON.stringify(value)} now`);
};

const fieldRequired: Rule = (before, after) =>
  without(after.required ?? [], before.required ?? []).map((name) => `must have the field ${name} now`);

const fieldNoLongerTaken: Rule = (before, after) =>
  after.additionalProperties === false
    ? without(Object.keys(before.properties ?? {}), Object.keys(after.properties ?? {})).map(
        (name) => `may no longer have the field ${name}`,
      )
    : [];

const fieldGone: Rule = (before, after) =>
  without(Object.keys(before.properties ?? {}), Object.keys(after.properties ?? {})).map(
    (name) => `no longer has the field ${name}`,
  );

const fieldNotAlways: Rule = (before, after) =>
  without(before.required ?? [], after.required ?? [])
    .filter((name) => name in (after.properties ?? {}))
    .map((name) => `does not always have the field ${name} any more`);

/** A longest that is shorter, a least that is more: of texts, lists and numbers. */
const limitNarrowed: Rule = (before, after) => {
  const upper = ['maximum', 'maxLength', 'maxItems'].filter((name) => over(before[name], after[name], 1));
  const lower = ['minimum', 'minLength', 'minItems'].filter((name) => over(before[name], after[name], -1));
  return [...upper, ...lower].map((name) => `has the ${name} ${String(after[name])} now`);
};

function over(before: unknown, after: unknown, sign: 1 | -1): boolean {
  if (typeof after !== 'number') return false;
  return typeof before !== 'number' || before * sign > after * sign;
}

const formNarrowed: Rule = (before, after) =>
  (['pattern', 'format'] as const)
    .filter((name) => after[name] !== undefined && after[name] !== before[name])
    .map((name) => `has the ${name} ${after[name]} now`);

const formLost: Rule = (before, after) =>
  before.format !== undefined && after.format !== before.format ? [`no longer has the format ${before.format}`] : [];

export const RULES: Readonly<Record<'request' | 'answer', readonly Rule[]>> = {
  request: [typeNoLongerTaken, valueNoLongerTaken, fieldRequired, fieldNoLongerTaken, limitNarrowed, formNarrowed],
  answer: [typeNewlyAnswered, valueNewlyAnswered, fieldGone, fieldNotAlways, formLost],
};

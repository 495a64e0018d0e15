import { dereferenced, type ApiDocument } from '@postern/testing';
import { RULES, typesOf, type Schema } from './schema-rules.js';

/** The two documents that the schemas refer into. */
export interface Comparison {
  readonly released: ApiDocument;
  readonly today: ApiDocument;
}

const NO_SCHEMA: Schema = {};

/** What a caller could send by `before` that `after` refuses; `at` is where it stands. */
export function requestBreaks(documents: Comparison, before: unknown, after: unknown, at: string): readonly string[] {
  return breaks(documents, before, after, at, 'request');
}

/** What a caller could rely on in an answer by `before` that `after` does not promise. */
export function answerBreaks(documents: Comparison, before: unknown, after: unknown, at: string): readonly string[] {
  return breaks(documents, before, after, at, 'answer');
}

function breaks(
  documents: Comparison,
  before: unknown,
  after: unknown,
  at: string,
  direction: 'request' | 'answer',
): readonly string[] {
  const was = whole(documents.released, before);
  const is = whole(documents.today, after);
  const here = RULES[direction].flatMap((rule) => rule(was, is)).map((line) => `${at} ${line}`);
  const fields = Object.entries(was.properties ?? {}).flatMap(([name, field]) => {
    const now = is.properties?.[name];
    return now === undefined ? [] : breaks(documents, field, now, `${at}/${name}`, direction);
  });
  const items = was.items && is.items ? breaks(documents, was.items, is.items, `${at}/*`, direction) : [];
  return [...here, ...fields, ...items, ...choiceBreaks(documents, was, is, at, direction)];
}

/** Of alternatives, each is compared with the one of its type: ours are a type and null. */
function choiceBreaks(
  documents: Comparison,
  before: Schema,
  after: Schema,
  at: string,
  direction: 'request' | 'answer',
): readonly string[] {
  if (!before.anyOf && !after.anyOf) return [];
  const was = (before.anyOf ?? [before]).map((one) => whole(documents.released, one));
  const is = (after.anyOf ?? [after]).map((one) => whole(documents.today, one));
  return was.flatMap((one) => {
    const same = is.find((other) => typesOf(other).join() === typesOf(one).join());
    return same ? breaks(documents, one, same, at, direction) : [];
  });
}

/** References followed, and the members of an `allOf` laid over one another. */
function whole(document: ApiDocument, schema: unknown): Schema {
  if (typeof schema !== 'object' || schema === null) return NO_SCHEMA;
  const { allOf, ...own } = dereferenced<Schema>(document, schema as Schema);
  if (!allOf) return own;
  const layers = [...allOf.map((part) => whole(document, part)), own];
  return {
    ...(Object.assign({}, ...layers) as Schema),
    properties: Object.assign({}, ...layers.map(({ properties }) => properties)) as Readonly<Record<string, unknown>>,
    required: layers.flatMap(({ required = [] }) => required),
  };
}

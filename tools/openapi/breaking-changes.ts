import { dereferenced, type ApiAnswer, type ApiDocument, type ApiOperation } from '@postern/testing';
import { answerBreaks, requestBreaks, type Comparison } from './schema-breaks.js';

/**
 * What in `today` breaks a caller who was written against `released`, a line each; none where all of it goes on working.
 * What is added for a caller to use, and what an answer has more, breaks nobody: callers pass over fields that they do not know.
 */
export function breakingChanges(released: ApiDocument, today: ApiDocument): readonly string[] {
  return Object.entries(released.paths).flatMap(([path, item]) =>
    Object.entries(item).flatMap(([method, before]) => {
      const route = `${method.toUpperCase()} ${path}`;
      const after = today.paths[path]?.[method];
      if (!after) return [`${route} is gone`];
      return operationBreaks({ released, today }, before, after).map((line) => `${route}: ${line}`);
    }),
  );
}

function operationBreaks(documents: Comparison, before: ApiOperation, after: ApiOperation): readonly string[] {
  return [
    ...roleBreaks(before, after),
    ...parameterBreaks(documents, before, after),
    ...bodyBreaks(documents, before, after),
    ...Object.keys(before.responses).flatMap((status) =>
      statusBreaks(documents, before, after, status).map((line) => `${status} ${line}`),
    ),
  ];
}

/** A route that asks for a key it did not ask for, or no longer takes a role. */
function roleBreaks(before: ApiOperation, after: ApiOperation): readonly string[] {
  if (!after.security) return [];
  if (!before.security) return ['asks for an API key now'];
  const taken = new Set(after.security.map((requirement) => JSON.stringify(requirement)));
  return before.security
    .filter((requirement) => !taken.has(JSON.stringify(requirement)))
    .map((requirement) => `no longer takes ${JSON.stringify(requirement)}`);
}

/** One that is gone, is required now, or takes less. */
function parameterBreaks(documents: Comparison, before: ApiOperation, after: ApiOperation): readonly string[] {
  const known = new Map((before.parameters ?? []).map((parameter) => [`${parameter.in} ${parameter.name}`, parameter]));
  const now = new Map((after.parameters ?? []).map((parameter) => [`${parameter.in} ${parameter.name}`, parameter]));
  const gone = [...known.keys()].filter((name) => !now.has(name)).map((name) => `the parameter ${name} is gone`);
  const changed = [...now].flatMap(([name, parameter]) => {
    const earlier = known.get(name);
    const required = parameter.required === true && earlier?.required !== true;
    const breaks = earlier ? requestBreaks(documents, earlier.schema, parameter.schema, `the parameter ${name}`) : [];
    return [...(required ? [`the parameter ${name} is required now`] : []), ...breaks];
  });
  return [...gone, ...changed];
}

/** A body that is asked for now, a media type that is no longer taken, or a body that may say less. */
function bodyBreaks(documents: Comparison, before: ApiOperation, after: ApiOperation): readonly string[] {
  if (!after.requestBody) return before.requestBody ? ['takes no body any more'] : [];
  if (!before.requestBody) return after.requestBody.required === true ? ['asks for a body now'] : [];
  const required = after.requestBody.required === true && before.requestBody.required !== true;
  const now = after.requestBody.content;
  const content = Object.entries(before.requestBody.content).flatMap(([type, media]) => {
    const taken = now[type];
    return taken ? requestBreaks(documents, media.schema, taken.schema, 'body') : [`no longer takes ${type}`];
  });
  return [...(required ? ['asks for a body now'] : []), ...content];
}

/** A success that is gone, a header or a media type that is no longer answered, or an answer that says less. */
function statusBreaks(
  documents: Comparison,
  before: ApiOperation,
  after: ApiOperation,
  status: string,
): readonly string[] {
  const [was, now] = [before.responses[status], after.responses[status]];
  if (!was) return [];
  // A refusal that no longer happens breaks nobody.
  if (!now) return status.startsWith('2') ? ['is no longer answered'] : [];
  const [earlier, later] = [
    dereferenced<ApiAnswer>(documents.released, was),
    dereferenced<ApiAnswer>(documents.today, now),
  ];
  return [...headerBreaks(earlier, later), ...contentBreaks(documents, earlier, later)];
}

function headerBreaks(before: ApiAnswer, after: ApiAnswer): readonly string[] {
  return Object.entries(before.headers ?? {}).flatMap(([name, { required }]) => {
    const now = after.headers?.[name];
    if (!now) return [`no longer has the header ${name}`];
    return required === true && now.required !== true ? [`does not always have the header ${name} any more`] : [];
  });
}

function contentBreaks(documents: Comparison, before: ApiAnswer, after: ApiAnswer): readonly string[] {
  const schemas = ['schema', 'x-line-schema'] as const;
  return Object.entries(before.content ?? {}).flatMap(([type, media]) => {
    const now = after.content?.[type];
    if (!now) return [`is no longer answered as ${type}`];
    const events = Object.entries((media['x-event-schemas'] ?? {}) as Readonly<Record<string, unknown>>);
    const eventsNow = (now['x-event-schemas'] ?? {}) as Readonly<Record<string, unknown>>;
    return [
      ...schemas.flatMap((name) => answerBreaks(documents, media[name], now[name], type)),
      ...events.flatMap(([name, schema]) =>
        name in eventsNow
          ? answerBreaks(documents, schema, eventsNow[name], `the event ${name}`)
          : [`the event ${name} is gone`],
      ),
    ];
  });
}

import type { OpenAPIObject } from '@nestjs/swagger';
import type { ProblemCode } from '../../libs/http/src/problem/problem.js';
import { PROBLEMS_EXTENSION } from '../../libs/http/src/openapi/documented.js';
import { exampleOf } from './example-of.js';
import { answerHeaders, REQUEST_HEADERS } from '../../libs/http/src/openapi/headers.js';
import { impliedProblems } from './implied-problems.js';
import { namedSchema, type JsonSchema } from '../../libs/http/src/openapi/json-schema.js';
import type { Answer, Contents, Operation } from './operation.js';
import { pathParameters } from './path-parameters.js';
import { byStatus, problemAnswer } from './problem-answers.js';

const METHODS = new Set(['get', 'put', 'post', 'delete', 'patch']);

/**
 * Adds to a document what follows from it for every route: the parameters of its path, request ids, the problems that
 * its key, its path, its body and its headers may be refused with, and examples. Schemas that nobody refers to are left out.
 * Throws for a route without `@Documented`.
 */
export function completed(document: OpenAPIObject): OpenAPIObject {
  const problems = new Map<string, JsonSchema>();
  const bodies = new Map<string, JsonSchema>();
  const paths = mapped(document.paths as Record<string, Record<string, unknown>>, (item, path) =>
    mapped(item, (operation, method) =>
      METHODS.has(method) ? completedOperation(path, method, operation as Operation, { problems, bodies }) : operation,
    ),
  );
  const responses = Object.fromEntries([...problems].sort(([a], [b]) => a.localeCompare(b)));
  const schemas = { ...referredTo({ paths, responses, bodies: [...bodies.values()] }), ...Object.fromEntries(bodies) };
  const components = { ...document.components, responses, schemas: byName(schemas) };
  return { ...document, paths, components } as unknown as OpenAPIObject;
}

/** What operations refer to, by name, as far as it was met. */
interface Components {
  readonly problems: Map<string, JsonSchema>;
  readonly bodies: Map<string, JsonSchema>;
}

function completedOperation(
  path: string,
  method: string,
  operation: Operation,
  { problems, bodies }: Components,
): JsonSchema {
  const { [PROBLEMS_EXTENSION]: own, description, requestBody, ...rest } = operation;
  if (!own)
    throw new Error(`Describe ${method.toUpperCase()} ${path} with @Documented({ … }) on its controller's method.`);
  const { description: requestId, schema } = REQUEST_HEADERS['X-Request-Id'];
  const roles = [...new Set((operation.security ?? []).flatMap((requirement) => Object.values(requirement).flat()))];
  const paragraphs = [
    description ?? [],
    roles.length > 0 ? `For a key of the role ${roles.join(', ').replace(/, ([^,]*)$/, ' or $1')}.` : [],
  ].flat();
  return {
    ...rest,
    ...(paragraphs.length > 0 && { description: paragraphs.join('\n\n') }),
    parameters: [
      ...pathParameters(path),
      ...(operation.parameters ?? []).filter((parameter) => parameter['in'] !== 'path'),
      { name: 'X-Request-Id', in: 'header', required: false, description: requestId, schema },
    ],
    ...(requestBody && {
      requestBody: {
        ...requestBody,
        content: namedBody(operation.operationId, withExamples(requestBody.content), bodies),
      },
    }),
    responses: {
      ...mapped(operation.responses, completedAnswer),
      ...problemReferences([...own, ...impliedProblems(path, method, operation)], problems),
    },
  };
}

function completedAnswer(answer: Answer): JsonSchema {
  const { content, headers } = answer;
  return {
    ...answer,
    headers: { ...answerHeaders(['X-Request-Id', 'Cache-Control', 'X-Content-Type-Options']), ...headers },
    ...(content && { content: withExamples(content) }),
  };
}

function withExamples(content: Contents): Contents {
  return mapped(content, (media, type) => {
    const has = 'example' in media || 'examples' in media || type !== 'application/json';
    return has ? media : { ...media, example: exampleOf(media.schema) };
  });
}

/** A generated client gets a type of its own for each body: `createTenant` takes a `CreateTenantRequest`. */
function namedBody(operationId: string, content: Contents, bodies: Map<string, JsonSchema>): JsonSchema {
  const name = `${operationId.charAt(0).toUpperCase()}${operationId.slice(1)}Request`;
  return mapped(content, (media) => {
    if ('$ref' in media.schema) return media;
    if (namedSchema(name)) throw new Error(`Two schemas of the API are named ${name}: give one of them another name.`);
    bodies.set(name, media.schema);
    return { ...media, schema: { $ref: `#/components/schemas/${name}` } };
  });
}

/** Routes that are refused in the same ways refer to one answer: the document is a third of the size. */
function problemReferences(codes: readonly ProblemCode[], problems: Map<string, JsonSchema>): JsonSchema {
  const references = [...byStatus(codes)].map(([status, ofStatus]) => {
    const name = ofStatus.join('.');
    problems.set(name, problemAnswer(status, ofStatus));
    return [String(status), { $ref: `#/components/responses/${name}` }] as const;
  });
  return Object.fromEntries(references);
}

/** The named schemas that are referred to, also by one another, by name. */
function referredTo(from: JsonSchema): Readonly<Record<string, JsonSchema>> {
  const found = new Map<string, JsonSchema>();
  const look = (inside: unknown): void => {
    for (const [, name = ''] of JSON.stringify(inside).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      const schema = namedSchema(name);
      if (!schema || found.has(name)) continue;
      found.set(name, schema);
      look(schema);
    }
  };
  look(from);
  return Object.fromEntries(found);
}

function byName(schemas: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => a.localeCompare(b)));
}

function mapped<From, To>(
  record: Readonly<Record<string, From>>,
  change: (value: From, key: string) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value, key)]));
}

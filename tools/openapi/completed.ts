import type { OpenAPIObject } from '@nestjs/swagger';
import type { ProblemCode } from '../../libs/http/src/problem/problem.js';
import { PROBLEMS_EXTENSION } from '../../libs/http/src/openapi/documented.js';
import { answerHeaders, REQUEST_HEADERS } from '../../libs/http/src/openapi/headers.js';
import { namedSchemas, type JsonSchema } from '../../libs/http/src/openapi/json-schema.js';
import { pathParameters } from './path-parameters.js';
import { byStatus, problemAnswer } from './problem-answers.js';

/** An operation as @nestjs/swagger makes it of a route and its `Documented`. */
export interface Operation {
  readonly operationId: string;
  readonly description?: string;
  readonly parameters?: readonly JsonSchema[];
  /** One of them must be met; each lists a role. */
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
  readonly requestBody?: { readonly content: Contents };
  readonly responses: Readonly<Record<string, { readonly headers?: JsonSchema }>>;
  readonly [PROBLEMS_EXTENSION]?: readonly ProblemCode[];
}

/** By media type. */
type Contents = Readonly<Record<string, { readonly schema: JsonSchema }>>;

/**
 * Adds to a document what follows from it for every route: the parameters of its path, request ids, and the problems that
 * its key, its path, its body and its headers may be refused with. Throws for a route without `@Documented`.
 */
export function completed(document: OpenAPIObject): OpenAPIObject {
  const components = { responses: {}, schemas: {} };
  const paths = mapped(document.paths as Record<string, Record<string, Operation>>, (item, path) =>
    mapped(item, (operation, method) => completedOperation(path, method, operation, components)),
  );
  const { responses, schemas } = components;
  return {
    ...document,
    paths,
    components: { ...document.components, responses, schemas: { ...namedSchemas(), ...schemas } },
  } as unknown as OpenAPIObject;
}

/** What operations refer to, by name. */
interface Components {
  readonly responses: Record<string, JsonSchema>;
  /** Of request bodies. */
  readonly schemas: Record<string, JsonSchema>;
}

function completedOperation(path: string, method: string, operation: Operation, components: Components): JsonSchema {
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
      requestBody: { ...requestBody, content: namedBody(operation.operationId, requestBody.content, components) },
    }),
    responses: {
      ...mapped(operation.responses, (answer) => ({
        ...answer,
        headers: { ...answerHeaders(['X-Request-Id', 'Cache-Control', 'X-Content-Type-Options']), ...answer.headers },
      })),
      ...problemReferences([...own, ...impliedProblems(path, method, operation)], components),
    },
  };
}

/** These answer from memory. */
const ALWAYS_READY = /^\/(health\/live|metrics)$/;

/** What a route may be refused with before its use case is asked: by its key, its path, its query and its body. */
export function impliedProblems(path: string, method: string, operation: Operation): readonly ProblemCode[] {
  const hasQuery = (operation.parameters ?? []).some((parameter) => parameter['in'] === 'query');
  const rules: readonly (readonly [boolean, readonly ProblemCode[]])[] = [
    // The last three before it is known whose request it is.
    [true, ['internal-error', 'request-malformed', 'request-timeout', 'headers-too-large']],
    [!ALWAYS_READY.test(path), ['not-ready']],
    [
      operation.security !== undefined,
      ['api-key-missing', 'api-key-invalid', 'session-expired', 'role-not-allowed', 'too-many-requests'],
    ],
    [operation.security !== undefined && method !== 'get', ['cross-site-request']],
    // A path that cannot be decoded, or with a part that is too long, matches no route.
    [path.includes('{'), ['route-not-found']],
    [path.includes('{tenantId}'), ['tenant-not-found']],
    [path.includes('{smtpUserId}'), ['smtp-user-not-found']],
    // Also a DELETE may bring a body, which is read before it is known to be useless.
    [method !== 'get', ['body-not-json', 'body-too-large', 'media-type-unsupported']],
    [operation.requestBody !== undefined || hasQuery || path.startsWith('/v1/'), ['validation-failed']],
  ];
  return rules.flatMap(([applies, codes]) => (applies ? codes : []));
}

/** A generated client gets a type of its own for each body: `createTenant` takes a `CreateTenantRequest`. */
function namedBody(operationId: string, content: Contents, { schemas }: Components): JsonSchema {
  const name = `${operationId.charAt(0).toUpperCase()}${operationId.slice(1)}Request`;
  return mapped(content, (media) => {
    if ('$ref' in media.schema) return media;
    if (name in namedSchemas()) throw new Error(`Two schemas of the API are named ${name}: give one another name.`);
    schemas[name] = media.schema;
    return { ...media, schema: { $ref: `#/components/schemas/${name}` } };
  });
}

/** Routes that are refused in the same ways refer to one answer: the document is a third of the size. */
function problemReferences(codes: readonly ProblemCode[], { responses }: Components): JsonSchema {
  const references = [...byStatus(codes)].map(([status, ofStatus]) => {
    const name = ofStatus.join('.');
    responses[name] = problemAnswer(status, ofStatus);
    return [String(status), { $ref: `#/components/responses/${name}` }] as const;
  });
  return Object.fromEntries(references);
}

function mapped<From, To>(
  record: Readonly<Record<string, From>>,
  change: (value: From, key: string) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value, key)]));
}

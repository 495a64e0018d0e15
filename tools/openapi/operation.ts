import type { ProblemCode } from '../../libs/http/src/problem/problem.js';
import type { PROBLEMS_EXTENSION } from '../../libs/http/src/openapi/documented.js';
import type { JsonSchema } from '../../libs/http/src/openapi/json-schema.js';

/** An operation as @nestjs/swagger makes it of a route and its `Documented`. */
export interface Operation {
  readonly operationId: string;
  readonly description?: string;
  readonly parameters?: readonly JsonSchema[];
  /** One of them must be met; each lists a role. */
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
  readonly requestBody?: { readonly content: Contents };
  readonly responses: Readonly<Record<string, Answer>>;
  readonly [PROBLEMS_EXTENSION]?: readonly ProblemCode[];
}

export interface Answer {
  readonly description: string;
  readonly headers?: JsonSchema;
  readonly content?: Contents;
}

/** By media type. */
export type Contents = Readonly<Record<string, { readonly schema: JsonSchema; readonly example?: unknown }>>;

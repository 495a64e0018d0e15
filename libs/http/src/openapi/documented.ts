import { applyDecorators, UseInterceptors } from '@nestjs/common';
import { ApiExtension, ApiHeader, ApiOperation, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { ProblemCode } from '../problem/problem.js';
import { ReadDeadline } from '../request/read-deadline.js';
import { answerHeaders, REQUEST_HEADERS, type AnswerHeader, type RequestHeader } from './headers.js';
import type { JsonSchema } from './json-schema.js';
import type { MediaType } from './media-types.js';

/** The name of the route’s method is its operation id. */
export interface Documentation {
  readonly tag: Tag;
  readonly summary: string;
  readonly description?: string;
  /** Their own problem codes are added automatically. */
  readonly takes?: readonly RequestHeader[];
  readonly needs?: readonly RequestHeader[];
  readonly query?: Readonly<Record<string, { readonly description: string; readonly schema: JsonSchema }>>;
  readonly status?: 200 | 201 | 204;
  /** The default first. Without it: no body. */
  readonly answer?: MediaType | readonly MediaType[];
  readonly responseHeaders?: readonly AnswerHeader[];
  /** Problem codes beyond those of its key, path, body and headers. */
  readonly problems?: readonly ProblemCode[];
}

/** `completed` turns these codes into answers. */
export const PROBLEMS_EXTENSION = 'x-problems';

/** Adds the deadline of reads. A test that calls every route fails for one that is not documented. */
export function Documented(documentation: Documentation): MethodDecorator {
  return applyDecorators(UseInterceptors(ReadDeadline), Described(documentation));
}

/** For a route that has its own deadline. */
export function Described(documentation: Documentation): MethodDecorator {
  const {
    tag,
    summary,
    description,
    takes = [],
    needs = [],
    query = {},
    status = 200,
    responseHeaders = [],
    problems = [],
  } = documentation;
  const answers = [documentation.answer ?? []].flat();
  const content = Object.fromEntries(answers.map((answer) => [answer.type, answer.content]));
  const headers: readonly RequestHeader[] = answers.length > 1 ? ['Accept', ...takes] : takes;
  const decorators = [
    ApiTags(tag),
    ...headers.map((name) => {
      const { description, schema } = REQUEST_HEADERS[name];
      return ApiHeader({ name, description, required: needs.includes(name), schema });
    }),
    ...Object.entries(query).map(([name, { description, schema }]) =>
      ApiQuery({ name, description, required: false, schema }),
    ),
    ApiResponse({
      status,
      description: answers.length === 0 ? 'Done. The answer has no body.' : 'Done.',
      headers: answerHeaders(responseHeaders),
      ...(answers.length > 0 && { content }),
    }),
    ApiExtension(PROBLEMS_EXTENSION, [...problems, ...headers.flatMap((name) => REQUEST_HEADERS[name].problems)]),
  ];
  return (target, method, descriptor) => {
    const operation = ApiOperation({
      operationId: String(method),
      summary,
      ...(description !== undefined && { description }),
    });
    applyDecorators(operation, ...decorators)(target, method, descriptor);
  };
}

export const TAGS = {
  Tenants: 'Customer accounts. A tenant owns SMTP users and API keys, and cannot see other tenants.',
  'API keys': 'Keys with a role. The text of a key is shown only once.',
  'SMTP users': 'The SMTP logins that can be restricted. Postern never has their passwords.',
  Restrictions: 'The source addresses from which an SMTP user may log in.',
  'Audit trail': 'Who was denied, from where and why; who changed what.',
  'Observed sources': 'The addresses from which SMTP users log in.',
  Relays: 'For mail relays: the policies with which they decide, and the reports of denials and logins.',
  Operators: 'The state of the installation: its processes, its relays, and denials that could not be read.',
  Yourself: 'Your key, your session and your own address.',
  Operation: 'Health, metrics and this document.',
} as const;
export type Tag = keyof typeof TAGS;

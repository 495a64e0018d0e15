import { applyDecorators, UseInterceptors } from '@nestjs/common';
import { ApiExtension, ApiHeader, ApiOperation, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { ProblemCode } from '../problem/problem.js';
import { ReadDeadline } from '../request/read-deadline.js';
import { answerHeaders, REQUEST_HEADERS, type AnswerHeader, type RequestHeader } from './headers.js';
import type { JsonSchema } from './json-schema.js';
import type { MediaType } from './media-types.js';

/** What the OpenAPI document says of a route beyond what its decorators and schemas say already. */
export interface Documentation {
  readonly tag: Tag;
  /** The operation id, in lower camel case, where the name of the controller does not say it. */
  readonly id?: string;
  readonly summary: string;
  readonly description?: string;
  /** The headers that it takes; what they may be refused with is known. */
  readonly takes?: readonly RequestHeader[];
  /** Those of them that it must have. */
  readonly needs?: readonly RequestHeader[];
  /** Query parameters that no `@Query({ schema })` checks. */
  readonly query?: Readonly<Record<string, { readonly description: string; readonly schema: JsonSchema }>>;
  /** 200 where it is left out. */
  readonly status?: 200 | 201 | 204;
  /** What it answers; the first one where `Accept` says nothing. Left out: no body. */
  readonly answer?: MediaType | readonly MediaType[];
  /** The headers of that answer, besides `X-Request-Id`. */
  readonly tells?: readonly AnswerHeader[];
  /** Codes of its own, besides those of its key, path, body and headers. */
  readonly problems?: readonly ProblemCode[];
}

/** Where the codes wait for `completed` to make answers of them. */
export const PROBLEMS_EXTENSION = 'x-problems';

/** Documents a route, and bounds it by the deadline of reads. A route that is not documented fails the test that calls every route. */
export function Documented(documentation: Documentation): MethodDecorator {
  return applyDecorators(UseInterceptors(ReadDeadline), Described(documentation));
}

/** Documents a route that has a deadline of its own, and passes through no interceptor. */
export function Described(documentation: Documentation): MethodDecorator {
  const {
    tag,
    id,
    summary,
    description,
    takes = [],
    needs = [],
    query = {},
    status = 200,
    tells = [],
    problems = [],
  } = documentation;
  const answers = [documentation.answer ?? []].flat();
  const content = Object.fromEntries(answers.map((answer) => [answer.type, answer.content]));
  const headers: readonly RequestHeader[] = answers.length > 1 ? ['Accept', ...takes] : takes;
  return applyDecorators(
    ApiTags(tag),
    ApiOperation({
      summary,
      ...(id !== undefined && { operationId: id }),
      ...(description !== undefined && { description }),
    }),
    ...headers.map((name) => {
      const { description, schema } = REQUEST_HEADERS[name];
      return ApiHeader({ name, description, required: needs.includes(name), schema });
    }),
    ...Object.entries(query).map(([name, { description, schema }]) =>
      ApiQuery({ name, description, required: false, schema }),
    ),
    ApiResponse({
      status,
      description: answers.length === 0 ? 'Done; nothing is answered.' : 'Done.',
      headers: answerHeaders(tells),
      ...(answers.length > 0 && { content }),
    }),
    ApiExtension(PROBLEMS_EXTENSION, [...problems, ...headers.flatMap((name) => REQUEST_HEADERS[name].problems)]),
  );
}

/** The chapters of the document, in its order. */
export const TAGS = {
  Tenants: 'Customer accounts. A tenant owns SMTP users and API keys, and sees nothing of any other.',
  'API keys': 'Who may ask for what. The text of a key is shown once.',
  'SMTP users': 'The credentials whose logins are restricted. Postern never holds their passwords.',
  Restrictions: 'The source addresses from which an SMTP user may log in.',
  'Audit trail': 'Who was denied, from where and why; who changed what.',
  Relays: 'For mail relays: the policies to decide by, and the denials to report.',
  Operators: 'The state of the installation: its processes, its relays, and denials that could not be read.',
  Yourself: 'What helps whoever sets up a restriction.',
  Operation: 'Health, metrics and this document.',
} as const;
export type Tag = keyof typeof TAGS;

import { z } from 'zod';
import { PROBLEMS, type ProblemCode } from '../../libs/http/src/problem/problem.js';
import { exampleOf } from './example-of.js';
import { answerHeaders, type AnswerHeader } from '../../libs/http/src/openapi/headers.js';
import { jsonSchemaOf, type JsonSchema } from '../../libs/http/src/openapi/json-schema.js';
import { text } from '../../libs/http/src/openapi/view.js';

const problem = z
  .object({
    type: text('urn:postern:problem:validation-failed', '`urn:postern:problem:` and the code.'),
    title: text('The request is not valid', 'What the code means; the wording may change.'),
    status: z.int().meta({ examples: [422] }),
    detail: text('/username: This field is required.', 'What is wrong and what to do next, for people.'),
    code: text('validation-failed', 'Compare this in programs: it does not change.'),
    requestId: text(
      '019ab1c2-7c1f-7d0a-b1b7-6a5f4e3d2c1b',
      'The id of this request in the log. Give it to the operator of Postern.',
    ),
    errors: z
      .array(
        z.object({
          pointer: text(
            '/username',
            'A JSON Pointer (RFC 6901) into the body, `?name` of the query, or a header’s name.',
          ),
          code: z
            .enum([
              'validation-failed',
              'field-missing',
              'field-unknown',
              'range-invalid',
              'host-bits-set',
              'range-too-wide',
              'entry-duplicate',
              'too-many-entries',
              'expiry-in-the-past',
              'source-ip-invalid',
              'username-invalid',
            ])
            .meta({ examples: ['field-missing'], 'x-may-grow': true }),
          detail: text('This field is required.'),
          suggestions: z.array(z.string()).meta({ description: 'Values that would be accepted.', examples: [[]] }),
        }),
      )
      .meta({ description: 'What is wrong with each field; empty if the problem is not about a field.' }),
  })
  .meta({ id: 'Problem', description: 'An error, as defined by RFC 9457.' });

/** What some problems have in addition. */
const MEMBERS: Partial<Record<ProblemCode, Readonly<Record<string, JsonSchema>>>> = {
  'version-mismatch': { version: { type: 'integer', description: 'The current version.', examples: [8] } },
  'lockout-risk': {
    addresses: {
      type: 'array',
      description: 'The newest 100 of the addresses.',
      items: {
        type: 'object',
        required: ['ip', 'logins', 'lastSeenAt'],
        properties: {
          ip: { type: 'string', examples: ['203.0.113.42'] },
          logins: { type: 'integer', examples: [12] },
          lastSeenAt: { type: 'string', format: 'date-time', examples: ['2026-11-01T08:00:00.000Z'] },
        },
      },
    },
    refusedAddresses: { type: 'integer', description: 'The number of all of them.', examples: [1] },
    accept: {
      type: 'string',
      description: 'The digest of all of them, for `Postern-Guard`.',
      examples: ['9f86d081884c7d65'],
    },
  },
  'not-ready': {
    missing: {
      type: 'object',
      description: 'Only of `/health/ready`: what is missing, by name.',
      additionalProperties: { type: 'string' },
      examples: [{ 'relay-policies': 'catching up' }],
    },
  },
};
const HEADERS: Readonly<Record<number, readonly AnswerHeader[]>> = {
  401: ['WWW-Authenticate'],
  412: ['ETag'],
  429: ['Retry-After'],
  503: ['Retry-After'],
};

/** The codes by the status that each is answered with, sorted. */
export function byStatus(codes: readonly ProblemCode[]): ReadonlyMap<number, readonly ProblemCode[]> {
  return Map.groupBy([...new Set(codes)].sort(), (code) => PROBLEMS[code][0]);
}

/** The answer of a route that may be refused with these codes, all of that status, each with an example. */
export function problemAnswer(status: number, codes: readonly ProblemCode[]): JsonSchema {
  const members = Object.assign({}, ...codes.map((code) => MEMBERS[code])) as Record<string, JsonSchema>;
  const properties = { status: { const: status }, code: { enum: codes, 'x-may-grow': true }, ...members };
  const schema = { allOf: [jsonSchemaOf(problem, 'output')], properties };
  return {
    description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code][1]}.`).join('\n\n'),
    headers: answerHeaders(['X-Request-Id', 'Cache-Control', 'X-Content-Type-Options', ...(HEADERS[status] ?? [])]),
    content: {
      'application/problem+json': {
        schema,
        examples: Object.fromEntries(codes.map((code) => [code, { value: exampleProblem(code) }])),
      },
    },
  };
}

function exampleProblem(code: ProblemCode): JsonSchema {
  const [status, title] = PROBLEMS[code];
  const field = { pointer: '/username', code: 'field-missing', detail: 'This field is required.', suggestions: [] };
  const invalid = code === 'validation-failed';
  const members = Object.entries(MEMBERS[code] ?? {}).map(([name, schema]) => [name, exampleOf(schema)]);
  return {
    type: `urn:postern:problem:${code}`,
    title,
    status,
    detail: invalid ? `${field.pointer}: ${field.detail}` : `${title}.`,
    code,
    requestId: '019ab1c2-7c1f-7d0a-b1b7-6a5f4e3d2c1b',
    errors: invalid ? [field] : [],
    ...(Object.fromEntries(members) as JsonSchema),
  };
}

import { z } from 'zod';
import { PROBLEMS, type ProblemCode } from '../../libs/http/src/problem/problem.js';
import { answerHeaders, type AnswerHeader } from '../../libs/http/src/openapi/headers.js';
import { jsonSchemaOf, type JsonSchema } from '../../libs/http/src/openapi/json-schema.js';
import { integer, text, time } from '../../libs/http/src/openapi/view.js';

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
const MEMBERS: Partial<Record<ProblemCode, z.ZodRawShape>> = {
  'version-mismatch': { version: z.int().meta({ description: 'The current version.', examples: [8] }) },
  'lockout-risk': {
    addresses: z
      .array(
        z.object({ ip: text('203.0.113.42'), logins: integer(1, 12), lastSeenAt: time('2026-11-01T08:00:00.000Z') }),
      )
      .meta({ description: 'The newest 100 of the addresses.' }),
    refusedAddresses: integer(1, 1, 'The number of all of them.'),
    accept: text('9f86d081884c7d65', 'The digest of all of them, for `Postern-Guard`.'),
  },
  'not-ready': {
    missing: z.record(z.string(), z.string()).meta({
      description: 'Only of `/health/ready`: what is missing, by name.',
      examples: [{ 'relay-policies': 'catching up' }],
    }),
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

/** The answer of a route that may be refused with these codes, all of that status. */
export function problemAnswer(status: number, codes: readonly ProblemCode[]): JsonSchema {
  const members = z.object(Object.assign({}, ...codes.map((code) => MEMBERS[code])) as z.ZodRawShape);
  const { properties } = jsonSchemaOf(members, 'output');
  const schema = {
    allOf: [jsonSchemaOf(problem, 'output')],
    properties: { status: { const: status }, code: { enum: codes, 'x-may-grow': true }, ...(properties as object) },
  };
  return {
    description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code][1]}.`).join('\n\n'),
    headers: answerHeaders(['X-Request-Id', 'Cache-Control', 'X-Content-Type-Options', ...(HEADERS[status] ?? [])]),
    content: { 'application/problem+json': { schema } },
  };
}

import type { ProblemCode } from '../problem/problem.js';
import type { JsonSchema } from './json-schema.js';

export const REQUEST_HEADERS = {
  'X-Request-Id': requestHeader(
    'Your id for this request. It is returned, and stored with the changes that the request makes. An invalid one is replaced.',
    'deploy-2026-11-01.17',
    { pattern: '^[A-Za-z0-9._-]{1,64}$' },
  ),
  'Idempotency-Key': requestHeader(
    'A text that you choose. If you repeat the request with it within 24 hours, you get the first answer, and nothing is changed twice.',
    '019ab1c0-5f3e-7c55-a2f1-7d0c3b8e9a10',
    { pattern: '^[\\x20-\\x7e]{1,255}$', problems: ['idempotency-key-reused', 'validation-failed'] },
  ),
  'If-Match': requestHeader(
    'The ETag that you read. If it is outdated, the change is refused. It may be a list, or `*`. `W/"7"` and `"7-gzip"`, which compressing proxies send, count as `"7"`.',
    '"7"',
    { problems: ['version-mismatch', 'validation-failed'] },
  ),
  'Postern-Guard': requestHeader(
    '`lockout`: the change is refused with `lockout-risk` if it would refuse an address that logged in during the last 7 days and is allowed now. `lockout; accept="<digest>"`: with the `accept` of that answer, the change is made if it refuses the same addresses.',
    'lockout; accept="9f86d081884c7d65"',
    { pattern: '^lockout([ \\t]*;[ \\t]*accept="[^"]*")?$', problems: ['lockout-risk'] },
  ),
  'Postern-Min-Version': requestHeader(
    'The `Postern-Version` of your write. The read waits up to 2 seconds until it shows that write.',
    '7',
    { pattern: '^\\d{1,9}$', problems: ['read-side-behind', 'validation-failed'] },
  ),
  'Last-Event-ID': requestHeader(
    'The `id` of the last event that you processed. If the stream cannot resume there, it sends `reset`.',
    '4711',
  ),
  'User-Agent': requestHeader('For operators: the relay’s software and its version.', 'postern-relay-agent/0.1.0'),
  'Postern-Relay': requestHeader(
    'For operators: the relay’s name, percent-encoded. By default the name of its key.',
    'mx1.example',
  ),
  'Postern-Denials-Waiting': requestHeader(
    'For operators: how many denials wait at the relay, without those in this request.',
    '0',
  ),
  'Accept-Encoding': requestHeader('If it contains `gzip`, the answer is compressed.', 'gzip'),
  Accept: requestHeader('The media type of the answer; by default the first one.', 'application/json'),
} as const;
export type RequestHeader = keyof typeof REQUEST_HEADERS;

export const RELAY_HEADERS = [
  'User-Agent',
  'Postern-Relay',
  'Postern-Denials-Waiting',
] as const satisfies readonly RequestHeader[];

interface RequestHeaderRules {
  readonly pattern?: string;
  readonly problems?: readonly ProblemCode[];
}

function requestHeader(description: string, example: string, { problems = [], ...pattern }: RequestHeaderRules = {}) {
  return { description, schema: { type: 'string', ...pattern, examples: [example] }, problems };
}

/** `required`: every answer has it. */
const ANSWER_HEADERS = {
  'X-Request-Id': answerHeader('The id of this request. Give it to support.', 'deploy-2026-11-01.17', true),
  ETag: answerHeader('The version in double quotes, for If-Match.', '"7"', true),
  'Postern-Version': answerHeader('The version after the change, for `Postern-Min-Version`.', '7', true),
  'Idempotency-Replayed': answerHeader('`true` if this is the answer of an earlier request.', 'true'),
  'Postern-Revision': answerHeader('The revision of the snapshot: resume the stream from there.', '4711', true),
  'Postern-Policies': answerHeader('How many policies the snapshot has.', '1200', true),
  'Postern-Digest': answerHeader(
    'The digest of all policies in the snapshot: 16 hex digits.',
    '9f86d081884c7d65',
    true,
  ),
  'Cache-Control': answerHeader('`no-store`: caches must not store it.', 'no-store', true),
  Vary: answerHeader('The headers of the request on which the answer depends.', 'accept'),
  'Content-Encoding': answerHeader('`gzip` if it was requested.', 'gzip'),
  'Content-Disposition': answerHeader(
    'The name of the file, if the answer is an export.',
    'attachment; filename="denials.csv"',
  ),
  'X-Content-Type-Options': answerHeader('`nosniff`.', 'nosniff', true),
  'X-Accel-Buffering': answerHeader('`no`: a proxy must not buffer events.', 'no', true),
  'Set-Cookie': answerHeader(
    'The cookie of the session, with `Secure` if the request came by https.',
    'postern_session=<id>.<secret>; HttpOnly; SameSite=Strict; Path=/; Max-Age=604800',
  ),
  'Retry-After': answerHeader('Seconds to wait before you send the request again.', '1'),
  'WWW-Authenticate': answerHeader('How to authenticate.', 'Bearer realm="postern"', true),
} as const;
export type AnswerHeader = keyof typeof ANSWER_HEADERS;

function answerHeader(description: string, example: string, required = false) {
  return { description, required, schema: { type: 'string', examples: [example] } };
}

export function answerHeaders(names: readonly AnswerHeader[]): Record<string, JsonSchema> {
  return Object.fromEntries(names.map((name) => [name, ANSWER_HEADERS[name]]));
}

import type { Socket } from 'node:net';
import { newId } from '@postern/contracts';
import { type ProblemCode, Problem } from '../problem/problem.js';
import { originForm } from './guard-requests.js';

export const SERVER_LIMITS = {
  /** Several full allow lists or batches of denials. */
  bodyBytes: 1_048_576,
  /** The longest names with each character escaped. */
  smallBodyBytes: 16_384,
  /** Members and elements of a body, at any depth. A full batch of denials has 10,000. */
  bodyMembers: 16_000,
  /** The request line and all headers together, so it limits URLs too. */
  headerBytes: 16_384,
  pathPartLength: 300,
  headersMs: 10_000,
  requestMs: 30_000,
  checkEveryMs: 1_000,
  keepAliveMs: 72_000,
  /** For an unread answer or an unanswered request. */
  stillMs: 120_000,
} as const;

export const SERVER_OPTIONS = {
  bodyLimit: SERVER_LIMITS.bodyBytes,
  requestTimeout: SERVER_LIMITS.requestMs,
  keepAliveTimeout: SERVER_LIMITS.keepAliveMs,
  connectionTimeout: SERVER_LIMITS.stillMs,
  rewriteUrl: ({ url = '/' }: { readonly url?: string | undefined }) => originForm(url),
  routerOptions: { maxParamLength: SERVER_LIMITS.pathPartLength },
  http: {
    maxHeaderSize: SERVER_LIMITS.headerBytes,
    headersTimeout: SERVER_LIMITS.headersMs,
    requestTimeout: SERVER_LIMITS.requestMs,
    connectionsCheckingInterval: SERVER_LIMITS.checkEveryMs,
  },
  clientErrorHandler: answerClientError,
};

function answerClientError(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const [code, detail] = CLIENT_ERRORS[error.code ?? ''] ?? MALFORMED;
  const problem = new Problem(code, detail);
  const requestId = newId();
  const body = JSON.stringify(problem.toJson(requestId));
  const head = [
    `HTTP/1.1 ${problem.status} ${problem.code}`,
    'Content-Type: application/problem+json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${requestId}`,
    'Cache-Control: no-store',
    'X-Content-Type-Options: nosniff',
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}

const MALFORMED: readonly [ProblemCode, string] = [
  'request-malformed',
  'This is not an HTTP/1.1 request. Use HTTP without TLS on this port.',
];
const CLIENT_ERRORS: Readonly<Record<string, readonly [ProblemCode, string]>> = {
  HPE_HEADER_OVERFLOW: [
    'headers-too-large',
    `The URL and the headers may have ${SERVER_LIMITS.headerBytes / 1_024} KiB together. Send less.`,
  ],
  ERR_HTTP_REQUEST_TIMEOUT: [
    'request-timeout',
    `The headers must come within ${SERVER_LIMITS.headersMs / 1_000} s and the complete request within ${SERVER_LIMITS.requestMs / 1_000} s. Send it again.`,
  ],
};

const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;

export function requestIdOf(request: {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : newId();
}

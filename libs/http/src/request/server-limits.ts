import type { Socket } from 'node:net';
import { newId } from '@postern/contracts';
import { type ProblemCode, Problem } from '../problem/problem.js';
import { originForm } from './guard-requests.js';

/** What bounds the HTTP server of a process, whoever calls it; docs/limits.md lists them for callers. */
export const SERVER_LIMITS = {
  /** A full allow list or a full batch of denials fits several times: for the routes that take such a list. */
  bodyBytes: 1_048_576,
  /** For all other routes. The longest names, with each character escaped, fit. */
  smallBodyBytes: 16_384,
  /** Members and elements of a body, at whatever depth. A full batch of denials has 10,000. */
  bodyMembers: 16_000,
  /** The request line and all headers together: so is a URL bounded too. */
  headerBytes: 16_384,
  /** Characters of one variable part of a path. */
  pathPartLength: 300,
  /** How long a client may take to send the headers. */
  headersMs: 10_000,
  /** How long a client may take to send a complete request. */
  requestMs: 30_000,
  /** How often the two above are looked at. */
  checkEveryMs: 1_000,
  /** How long a connection is kept between two requests. */
  keepAliveMs: 72_000,
  /** How long an answer may lie unread, or a request unanswered, before its connection is closed; streams write more often. */
  stillMs: 120_000,
} as const;

/** The server's options of Node and Fastify that hold the limits. */
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

/** What is no HTTP request that a route could answer: answered as a problem like all others, and the connection is closed. */
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
  'This is no HTTP/1.1 request. Speak HTTP without TLS to this port.',
];
const CLIENT_ERRORS: Readonly<Record<string, readonly [ProblemCode, string]>> = {
  HPE_HEADER_OVERFLOW: [
    'headers-too-large',
    `The URL and the headers may have ${SERVER_LIMITS.headerBytes / 1_024} KiB together. Send less.`,
  ],
  ERR_HTTP_REQUEST_TIMEOUT: [
    'request-timeout',
    `The headers must come within ${SERVER_LIMITS.headersMs / 1_000} s and the whole request within ${SERVER_LIMITS.requestMs / 1_000} s. Send it again.`,
  ],
};

const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;

/** The caller's `X-Request-Id` where it is fit for logs, or a new one. */
export function requestIdOf(request: {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : newId();
}

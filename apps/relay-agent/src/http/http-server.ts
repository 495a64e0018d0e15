import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { endsWithin } from '@postern/async';
import { hasDuplicateMembers } from '@postern/contracts';

const MAX_BODY_BYTES = 16_384;
const MAX_CONNECTIONS = 10_000;
/** More than an nginx backend may take. */
const ANSWER_MS = 6_000;

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Question {
  readonly query: string;
  readonly headers: () => Readonly<Record<string, string>>;
}

/** `body` is parsed JSON; undefined if it is missing or unreadable. Must not reject. */
export type Route = (body: unknown, question: Question) => Promise<Answer>;

export type Routes = Readonly<Record<string, Route>>;

/** Six routes need no framework. Limits: 16 KiB of body and of headers, 10 s per request, 10,000 connections. */
export function httpServer(routes: Routes, onError: (error: Error) => void): Server {
  const server = createServer(
    {
      requestTimeout: 10_000,
      headersTimeout: 10_000,
      // How often Node checks for slow requests.
      connectionsCheckingInterval: 1_000,
      keepAliveTimeout: 75_000,
      noDelay: true,
    },
    (request, response) => {
      const [path = '', query = ''] = split(request.url ?? '');
      const route = routes[`${request.method} ${path}`] ?? notFound;
      const question = { query, headers: () => sentOnce(request) };
      answer(request, response, (body) => route(body, question)).catch((error: Error) => {
        onError(error);
        response.destroy();
      });
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  return server;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  route: (body: unknown) => Promise<Answer>,
): Promise<void> {
  const { status, headers, body } = await route(await readBody(request));
  const close = request.complete ? {} : { connection: 'close' };
  response.writeHead(status, { ...headers, ...close, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

export async function stopHttpServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // A connection can be closed only after its answer is written.
  const close = setInterval(() => server.closeIdleConnections(), 20);
  await endsWithin(closed, ANSWER_MS);
  clearInterval(close);
  server.closeAllConnections();
}

export function json(status: number, body: unknown): Answer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

export function problem(status: number, code: string, detail: string, extra: object = {}): Answer {
  const body = { type: `urn:postern:problem:${code}`, title: TITLES[code] ?? code, status, detail, code, ...extra };
  return { status, headers: { 'content-type': 'application/problem+json' }, body: JSON.stringify(body) };
}

const TITLES: Readonly<Record<string, string>> = {
  'route-not-found': 'No such route',
  'validation-failed': 'The request is not valid',
  'not-ready': 'The agent is not ready',
};

const notFound: Route = async () =>
  problem(
    404,
    'route-not-found',
    'The routes are POST /decisions, POST /dovecot-policy, GET /nginx-auth, GET /health/live, GET /health/ready and GET /metrics.',
  );

function split(url: string): [path: string, query: string] {
  const mark = url.indexOf('?');
  return mark < 0 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)];
}

/** Undefined if the body is too large, not JSON, or has duplicate members. */
function readBody(request: IncomingMessage): Promise<unknown> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= MAX_BODY_BYTES) chunks.push(chunk);
      else {
        request.pause();
        resolve(undefined);
      }
    });
    request.on('end', () => resolve(parsed(chunks.length === 1 ? String(chunks[0]) : String(Buffer.concat(chunks)))));
    request.on('error', () => resolve(undefined));
  });
}

function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return hasDuplicateMembers(text, value) === false ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Leaves out repeated headers: nobody can say which value is valid. */
export function sentOnce({ headersDistinct }: IncomingMessage): Record<string, string> {
  const once = Object.entries(headersDistinct).filter(([, values]) => values?.length === 1);
  return Object.fromEntries(once.map(([name, values]) => [name, values?.[0] ?? '']));
}

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from '../problem/problem.js';

/** What every process that listens does with a request first, the proxy of `npm run services` too: to be called before other hooks are added. */
export function guardRequests(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', async (request, reply) => {
    setCommonHeaders(request, reply);
    refuseOddPath(request.url);
    lowerUuids(request.params);
  });
}

/** Headers that every answer has; a route may set others over them. Also for answers before any hook has run. */
export function setCommonHeaders(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  void reply.headers({ 'x-request-id': request.id, ...COMMON_HEADERS });
  // By the route: the URL may be written in many ways.
  if (/^\/docs(?:\/|$)/.test(request.routeOptions.url ?? '')) void reply.header('content-security-policy', PAGE_POLICY);
  return reply;
}

/** What is answered is somebody's data: no cache keeps it, and no browser mistakes it for something else. */
const COMMON_HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const;

/** The content security policy of the page `/docs`: nothing comes from elsewhere. Swagger UI writes styles into its page; its scripts are files. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * The origin form of a request target (RFC 9112, section 3.2.2): a server must accept `GET http://host/path`, as clients send it
 * to a proxy, and routes it by its path. Everything else stays as it came.
 */
export function originForm(target: string): string {
  const absolute = /^https?:\/\/[^/?#]*/i.exec(target)?.[0];
  if (absolute === undefined) return target;
  const rest = target.slice(absolute.length);
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/** Bytes that no URL has, `\`, `#`, `//`; the same and `/` encoded, and NUL. */
const ODD = /[^\x21-\x7e]|[\\#]|\/\/|%2f|%5c|%23|%00/i;
/** A segment of one or two dots, encoded or not. */
const DOTS = /\/(?:\.|%2e){1,2}(?:\/|$)/i;

/**
 * Throws 404 for a path that proxies, routers and file servers read in different ways, so that every door means the same
 * by a path. No path of the API needs any of this.
 */
function refuseOddPath(url: string): void {
  const path = url.split('?')[0] ?? '';
  if (ODD.test(path) || DOTS.test(path) || !path.startsWith('/'))
    throw new Problem(
      'route-not-found',
      'No path of the API has a backslash, an empty segment, one of only dots, or an encoded slash. Send the path without it.',
    );
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Writes the UUIDs among the parameters of a path in lower case (RFC 9562, section 4: they are read without case). */
function lowerUuids(params: unknown): void {
  const byName = (params ?? {}) as Record<string, string>;
  for (const [name, value] of Object.entries(byName)) if (UUID.test(value)) byName[name] = value.toLowerCase();
}

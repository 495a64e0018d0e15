import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from '../problem/problem.js';

/** Call it before other hooks are added. */
export function guardRequests(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', async (request, reply) => {
    setCommonHeaders(request, reply);
    refuseOddPath(request.url);
    lowerUuids(request.params);
  });
}

/** A route may override these headers. */
export function setCommonHeaders(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  void reply.headers({ 'x-request-id': request.id, ...COMMON_HEADERS });
  // By the route: a URL can be written in many ways.
  if (/^\/docs(?:\/|$)/.test(request.routeOptions.url ?? '')) void reply.header('content-security-policy', PAGE_POLICY);
  return reply;
}

const COMMON_HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const;

/** For `/docs`: nothing from other hosts. Swagger UI writes styles into its page. */
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

/** RFC 9112, section 3.2.2: a server must accept `GET http://host/path`, which clients send to a proxy. */
export function originForm(target: string): string {
  const absolute = /^https?:\/\/[^/?#]*/i.exec(target)?.[0];
  if (absolute === undefined) return target;
  const rest = target.slice(absolute.length);
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/** Bytes that no URL has, `\`, `#`, `//`; the same and `/` encoded, and NUL. */
const ODD = /[^\x21-\x7e]|[\\#]|\/\/|%2f|%5c|%23|%00/i;
const DOTS = /\/(?:\.|%2e){1,2}(?:\/|$)/i;

/** Proxies, routers and file servers read these paths in different ways. */
function refuseOddPath(url: string): void {
  const path = url.split('?')[0] ?? '';
  if (ODD.test(path) || DOTS.test(path) || !path.startsWith('/'))
    throw new Problem(
      'route-not-found',
      'No path of the API has a backslash, an empty segment, one of only dots, or an encoded slash. Send the path without it.',
    );
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** UUIDs in paths are read without case (RFC 9562, section 4). */
function lowerUuids(params: unknown): void {
  const byName = (params ?? {}) as Record<string, string>;
  for (const [name, value] of Object.entries(byName)) if (UUID.test(value)) byName[name] = value.toLowerCase();
}

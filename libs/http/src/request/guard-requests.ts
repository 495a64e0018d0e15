import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { PAGE_POLICY } from '../openapi/page-policy.js';
import { lowerUuids, refuseOddPath } from './request-target.js';

/** What every process that listens does with a request first, the gateway too: to be called before other hooks are added. */
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

/** What is answered is somebody's data: no cache keeps it, and no browser takes it for something else. */
const COMMON_HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const;

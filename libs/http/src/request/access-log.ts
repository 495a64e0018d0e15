import type { BlockList } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { Histogram } from 'prom-client';
import { counter, metrics } from '@postern/observe';
import { principalIfAny } from './principal.js';
import { callerAddress } from './source-address.js';

const UNMATCHED = 'unmatched';
/** As in nginx: the client left before the end of the answer. */
const CLIENT_LEFT = 499;
const PROBES = /^\/(health\/|metrics$)/;

/** Without path, query, header or body: a key that a caller put there by mistake is not logged. */
export function logRequests(fastify: FastifyInstance, logger: Logger, trusted: BlockList): void {
  fastify.addHook('onRequest', async (request, reply) => {
    const began = performance.now();
    reply.raw.once('close', () => {
      const seconds = (performance.now() - began) / 1_000;
      const answered = answerOf(request, reply);
      count(answered, seconds, reply);
      const { status, method, route } = answered;
      const principal = principalIfAny(request);
      const { tenantId } = (request.params ?? {}) as { tenantId?: string };
      logger[levelOf(route, status)]({
        context: 'http',
        requestId: request.id,
        method,
        route,
        status,
        durationMs: Math.round(seconds * 1e6) / 1e3,
        ip: callerAddress(request, trusted),
        keyId: principal?.actor.keyId,
        sessionId: principal?.actor.sessionId,
        role: principal?.actor.role,
        // If the caller has no access, the tenant in the path is not logged: it proves nothing.
        tenantId: principal ? (principal.tenantId ?? (status < 400 ? tenantId : undefined)) : undefined,
        msg: 'request',
      });
    });
  });
}

interface Answered {
  readonly method: string;
  readonly route: string;
  readonly status: number;
}

function answerOf(request: FastifyRequest, reply: FastifyReply): Answered {
  const route = request.routeOptions.url ?? UNMATCHED;
  const complete = reply.raw.writableFinished || isEventStream(reply);
  return {
    method: route === UNMATCHED ? UNMATCHED : request.method,
    route,
    status: complete ? reply.raw.statusCode : CLIENT_LEFT,
  };
}

function count({ method, route, status }: Answered, seconds: number, reply: FastifyReply): void {
  httpRequests.inc({ method, route, status });
  if (!isEventStream(reply)) httpSeconds.observe({ method, route }, seconds);
}

function isEventStream(reply: FastifyReply): boolean {
  return String(reply.raw.getHeader('content-type') ?? '').startsWith('text/event-stream');
}

function levelOf(route: string, status: number): 'warn' | 'info' | 'debug' {
  if (PROBES.test(route)) return 'debug';
  return status >= 500 ? 'warn' : 'info';
}

/** `route` is the matched pattern, not the path, so the number of series stays limited. */
const httpRequests = counter(
  'postern_http_requests_total',
  'Requests by route and status; 499 if the client left before the end of the answer.',
  ['method', 'route', 'status'],
);

const httpSeconds = new Histogram({
  name: 'postern_http_request_duration_seconds',
  help: 'Time from the request to the end of its answer; event streams are left out.',
  labelNames: ['method', 'route'],
  buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 2.5, 10],
  registers: [metrics],
});

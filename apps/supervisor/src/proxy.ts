import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import httpProxy, { type FastifyHttpProxyOptions } from '@fastify/http-proxy';
import {
  callerAddress,
  callerScheme,
  guardRequests,
  Problem,
  ProblemFilter,
  requestIdOf,
  routeNotFound,
  SERVER_OPTIONS,
  warnOfUntrustedForwarding,
} from '@postern/http';
import { BUILD, createLogger } from '@postern/observe';
import { listenAsSet } from '@postern/process';
import type { Running } from '@postern/process-life';
import type { Settings } from '@postern/settings';
import { fastify as makeFastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { Replicas, type Replica } from './replicas.js';
import { serviceOf, SERVICES, type Service } from './routes.js';

const ANSWER_TIMEOUT_MS = 40_000;
const CONNECT_TIMEOUT_MS = 2_000;
const ASK_EVERY_MS = 1_000;

/** Hop-by-hop headers (RFC 9110, 7.6.1), and the client's own claims about its address. */
const NOT_PASSED = /^(connection|keep-alive|te|expect|upgrade|forwarded|x-forwarded-(for|host|proto)|x-real-ip)$/;
const passed = (headers: IncomingHttpHeaders) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !NOT_PASSED.test(name)));

/**
 * Behaves like deploy/nginx: a read that fails before its answer goes to another replica, a write is never sent twice, and only the proxy
 * reports the client. @throws `SettingInvalid` if its port is not free.
 */
export async function startProxy(
  settings: Settings,
  urls: Readonly<Record<Service, readonly string[]>>,
): Promise<Running> {
  const services = new Map(SERVICES.map((service) => [service, new Replicas(service, urls[service])]));
  const problems = new ProblemFilter();
  const fastify: FastifyInstance = makeFastify({
    ...SERVER_OPTIONS,
    forceCloseConnections: 'idle',
    genReqId: requestIdOf,
    frameworkErrors: (error, request, reply) => problems.answer(error, request, reply),
  });
  fastify.server.maxConnections = settings.maxConnections;
  warnOfUntrustedForwarding(fastify, createLogger(settings.logLevel), settings.trustedProxies);
  guardRequests(fastify);
  fastify.setErrorHandler((error, request, reply) => problems.answer(error, request, reply));
  fastify.setNotFoundHandler((request, reply) => problems.answer({ statusCode: 404 }, request, reply));

  fastify.get('/health/live', async () => ({ status: 'live', ...BUILD }));
  fastify.get('/health/ready', async () => {
    const missing = [...services.values()].flatMap(({ service, missing }) => (missing ? [[service, missing]] : []));
    if (missing.length === 0) return { status: 'ready', ...BUILD };
    const detail = `Missing: ${missing.map(([service, why]) => `${service} (${why})`).join('; ')}.`;
    throw new Problem('not-ready', detail, { extra: { missing: Object.fromEntries(missing) } });
  });

  const streams = new Map<ServerResponse, Readable>();
  await fastify.register(httpProxy, {
    upstream: '',
    httpMethods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    replyOptions: forwarding(settings, services, problems, streams),
    disableCache: true,
    disableRequestLogging: true,
    destroyAgent: true,
    undici: { connect: { timeout: CONNECT_TIMEOUT_MS }, headersTimeout: ANSWER_TIMEOUT_MS },
  });
  // An event stream does not end by itself. Its relay resumes elsewhere, by its revision.
  fastify.addHook('preClose', async () => {
    for (const [response, from] of streams) {
      from.unpipe(response);
      response.end(() => from.destroy());
    }
  });
  await listenAsSet(() => fastify.listen({ port: settings.httpPort, host: settings.httpHost }), settings);
  const ask = () => services.forEach((replicas) => replicas.askWhetherReady());
  const asking = setInterval(ask, ASK_EVERY_MS);
  ask();
  return {
    url: fastify.listeningOrigin,
    stop: async () => {
      clearInterval(asking);
      await fastify.close();
    },
  };
}

type ReplyOptions = Required<FastifyHttpProxyOptions>['replyOptions'];
type ProxiedRequest = Parameters<Required<ReplyOptions>['getUpstream']>[0];

function forwarding(
  settings: Settings,
  services: ReadonlyMap<Service | undefined, Replicas>,
  problems: ProblemFilter,
  streams: Map<ServerResponse, Readable>,
): ReplyOptions {
  const tried = new WeakMap<object, readonly Replica[]>();
  const replicasFor = ({ method, params }: ProxiedRequest) => {
    const { '*': path = '' } = params as { readonly '*'?: string };
    return services.get(serviceOf(method, `/${path}`));
  };
  const options: ReplyOptions = {
    getUpstream: (request) => {
      const replicas = replicasFor(request);
      if (!replicas) throw routeNotFound(request as FastifyRequest);
      const before = tried.get(request) ?? [];
      const replica = replicas.pick(before) as Replica;
      tried.set(request, [...before, replica]);
      return replica.url;
    },
    // By default it would repeat requests answered 503 up to ten times.
    retryDelay: () => null,
    rewriteRequestHeaders: (request, headers) => {
      const client = callerAddress(request as FastifyRequest, settings.trustedProxies);
      const said = client === null ? {} : { 'x-forwarded-for': client };
      // With these two, a service knows its origin as the browser sees it.
      const origin = {
        ...(request.headers.host !== undefined && { host: request.headers.host }),
        'x-forwarded-proto': callerScheme(request as FastifyRequest, settings.trustedProxies),
      };
      return { ...passed(headers as IncomingHttpHeaders), ...origin, 'x-request-id': request.id, ...said };
    },
    rewriteHeaders: (headers) => passed(headers as IncomingHttpHeaders),
    onResponse: (_, reply, { stream }: { stream: Readable }) => {
      if (String(reply.getHeader('content-type')).startsWith('text/event-stream')) {
        const response = reply.raw as ServerResponse;
        streams.set(response, stream);
        response.once('close', () => streams.delete(response));
      }
      reply.send(stream);
    },
    onError: (reply, { error }) => {
      const { request } = reply;
      const before = tried.get(request) ?? [];
      const failed = before.at(-1);
      if (failed) failed.missing = String(error.cause ?? error);
      const isRead = request.method === 'GET' || request.method === 'HEAD';
      const replicas = replicasFor(request) as Replicas;
      if (isRead && replicas.pick(before)) reply.from(undefined, options);
      else problems.answer(unanswered(replicas.service), request as FastifyRequest, reply as FastifyReply);
    },
  };
  return options;
}

function unanswered(service: Service): Problem {
  return new Problem(
    'not-ready',
    `No instance of the ${service} answered. Send the request again. It is not known whether it was done, so send a write with the same Idempotency-Key.`,
    { headers: { 'retry-after': '1' } },
  );
}

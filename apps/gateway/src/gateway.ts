import type { AddressInfo } from 'node:net';
import replyFrom from '@fastify/reply-from';
import { Logger } from '@nestjs/common';
import {
  boundConnections,
  guardRequests,
  logRequests,
  ProblemFilter,
  requestIdOf,
  SERVER_LIMITS,
  SERVER_OPTIONS,
  warnOfUntrustedForwarding,
} from '@postern/http';
import { collectProcessMetrics, createLogger, NestLogger } from '@postern/observe';
import { listenAsSet, type Running } from '@postern/process';
import { type Settings } from '@postern/settings';
import { fastify as makeFastify, type FastifyInstance } from 'fastify';
import { Forwarder } from './forward.js';
import { observeInstances } from './gateway-metrics.js';
import type { UpstreamUrls } from './gateway-settings.js';
import { Instances } from './instances.js';
import { addOwnRoutes } from './own-routes.js';
import { ROUTES } from './routes.js';

/** What a service may take until its answer begins: above every deadline that the services keep themselves. */
export const ANSWER_TIMEOUT_MS = 40_000;
export const CONNECT_TIMEOUT_MS = 2_000;

/** Starts the one URL space before the services. Throws `SettingInvalid` where its port is not to be had. */
export async function startGateway(settings: Settings, urls: UpstreamUrls): Promise<Running> {
  const logger = createLogger(settings.logLevel);
  Logger.overrideLogger(new NestLogger(logger));
  collectProcessMetrics();
  const filter = new ProblemFilter([]);
  const fastify: FastifyInstance = makeFastify({
    ...SERVER_OPTIONS,
    forceCloseConnections: 'idle',
    return503OnClosing: true,
    genReqId: requestIdOf,
    frameworkErrors: (error, request, reply) => filter.answer(error, request, reply),
  });
  const instances = new Instances(urls);
  observeInstances(instances);
  const forwarder = new Forwarder(instances, settings.trustedProxies, (...refused) => filter.answer(...refused));

  logRequests(fastify, logger, settings.trustedProxies);
  warnOfUntrustedForwarding(fastify, logger, settings.trustedProxies);
  guardRequests(fastify);
  fastify.setErrorHandler((error, request, reply) => filter.answer(error, request, reply));
  fastify.setNotFoundHandler((request, reply) => filter.answer({ statusCode: 404 }, request, reply));
  fastify.addHook('preClose', async () => forwarder.streams.stop());
  fastify.addHook('onClose', async () => instances.stop());
  boundConnections(fastify.server, settings.maxConnections);
  takeBodiesAsTheyAre(fastify);
  await fastify.register(replyFrom, {
    disableCache: true,
    disableRequestLogging: true,
    destroyAgent: true,
    undici: {
      connections: settings.maxConnections,
      pipelining: 1,
      // The library's own default is to believe any certificate.
      connect: { timeout: CONNECT_TIMEOUT_MS, rejectUnauthorized: true },
      headersTimeout: ANSWER_TIMEOUT_MS,
      // Streams write every 5 s, exports more often.
      bodyTimeout: SERVER_LIMITS.stillMs,
      // Below the 72 s after which a service closes what lies idle.
      keepAliveTimeout: SERVER_LIMITS.keepAliveMs / 2,
    },
  });
  addOwnRoutes(fastify, instances);
  for (const { methods, path, to } of ROUTES)
    fastify.route({
      method: [...methods],
      url: path,
      handler: (request, reply) => {
        forwarder.forward(to, request, reply);
        return reply;
      },
    });
  try {
    await listenAsSet(() => fastify.listen({ port: settings.httpPort, host: settings.httpHost }), settings);
  } catch (error) {
    await fastify.close();
    throw error;
  }
  const { address, port, family } = fastify.server.address() as AddressInfo;
  const host = family === 'IPv6' ? `[${address}]` : address;
  return { url: `http://${host}:${port}`, stop: () => fastify.close() };
}

/** A body is held whole before it is passed on: so it can be bounded here, and sent to another instance. */
function takeBodiesAsTheyAre(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body));
}

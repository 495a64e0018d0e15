import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DATABASE_ROLES, roleUrl } from '@postern/database';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { logRequests } from '../observe/access-log.js';
import { createLogger, NestLogger } from '../observe/logger.js';
import { collectProcessMetrics } from '../observe/metrics.js';
import { ProblemFilter, type ProblemTranslator } from '../problem/problem-filter.js';
import type { RuntimeSettings } from '../settings/settings.module.js';
import { guardRequests } from './guard-requests.js';
import { takeOnlyJson } from './json-body.js';
import { ReadDeadline } from './read-deadline.js';
import { requestIdOf } from './request-id.js';
import { boundConnections, SERVER_LIMITS, SERVER_OPTIONS } from './server-limits.js';
import { serveDocuments } from '../openapi/serve-documents.js';
import { AccessCheck, checkBeforeBody } from '../access/access-check.js';
import { noteRoutes } from './routes.js';
import { SchemaPipe } from './schema-pipe.js';
import { UnknownQuery } from './unknown-query.js';
import { warnOfUntrustedForwarding } from './untrusted-forwarding.js';

/**
 * Makes the Nest application of a process: Fastify with Postern's limits, request ids, validation and problem+json.
 * `translators` tell the typed errors of the libraries that the modules use as problems. It does not listen yet.
 */
export async function createHttpApp(
  module: Parameters<typeof NestFactory.create>[0],
  settings: RuntimeSettings,
  translators: readonly ProblemTranslator[],
): Promise<NestFastifyApplication> {
  const filter = new ProblemFilter(translators);
  const adapter = new FastifyAdapter({
    ...SERVER_OPTIONS,
    bodyLimit: SERVER_LIMITS.smallBodyBytes,
    forceCloseConnections: 'idle',
    return503OnClosing: true,
    genReqId: requestIdOf,
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) =>
      filter.answer(error, request, reply),
  });
  const logger = createLogger(settings.logLevel, secretsOf(settings));
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    logger: new NestLogger(logger),
    abortOnError: false,
    // Nest would take forms too; only JSON is taken, by the parser below.
    bodyParser: false,
    forceCloseConnections: true,
  });
  const fastify = adapter.getInstance();
  logRequests(fastify as unknown as FastifyInstance, logger, settings.trustedProxies);
  warnOfUntrustedForwarding(fastify as unknown as FastifyInstance, logger, settings.trustedProxies);
  guardRequests(fastify as unknown as FastifyInstance);
  takeOnlyJson(fastify as unknown as FastifyInstance);
  noteRoutes(fastify as unknown as FastifyInstance);
  checkBeforeBody(fastify as unknown as FastifyInstance, app.get(AccessCheck, { strict: false }));
  boundConnections(app.getHttpServer(), settings.maxConnections);
  app.useGlobalFilters(filter);
  app.useGlobalInterceptors(new ReadDeadline(), new UnknownQuery());
  app.useGlobalPipes(new SchemaPipe());
  collectProcessMetrics();
  serveDocuments(app);
  await app.init();
  return app;
}

/** What must never be logged: the owner's password, as it is and as it stands in the URL, and the passwords derived from it. */
function secretsOf(settings: RuntimeSettings): string[] {
  const { password } = new URL(settings.databaseUrl);
  const roles = DATABASE_ROLES.map((role) => new URL(roleUrl(settings.databaseUrl, role)).password);
  const broker = settings.kafka?.sasl ? [settings.kafka.sasl.password] : [];
  return [password, decodeURIComponent(password), ...roles, ...broker];
}

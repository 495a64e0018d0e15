import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DATABASE_ROLES, roleUrl } from '@postern/database';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  logRequests,
  ProblemFilter,
  guardRequests,
  takeOnlyJson,
  requestIdOf,
  SERVER_LIMITS,
  SERVER_OPTIONS,
  serveDocuments,
  SchemaPipe,
  UnknownQuery,
  warnOfUntrustedForwarding,
} from '@postern/http';
import { createLogger, NestLogger, collectProcessMetrics } from '@postern/observe';
import type { RuntimeSettings } from '@postern/settings';
import { AccessCheck, checkBeforeBody } from '@postern/access';

/** The application does not listen yet. */
export async function createHttpApp(
  module: Parameters<typeof NestFactory.create>[0],
  settings: RuntimeSettings,
): Promise<NestFastifyApplication> {
  const filter = new ProblemFilter();
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
    // Nest would accept forms too. Only JSON is accepted, by the parser below.
    bodyParser: false,
    forceCloseConnections: true,
  });
  const fastify = adapter.getInstance() as unknown as FastifyInstance;
  logRequests(fastify, logger, settings.trustedProxies);
  warnOfUntrustedForwarding(fastify, logger, settings.trustedProxies);
  guardRequests(fastify);
  takeOnlyJson(fastify);
  checkBeforeBody(fastify, app.get(AccessCheck, { strict: false }));
  // Node closes further connections at once; there is no request to answer yet.
  app.getHttpServer().maxConnections = settings.maxConnections;
  app.useGlobalFilters(filter);
  app.useGlobalGuards(new UnknownQuery());
  app.useGlobalPipes(new SchemaPipe());
  collectProcessMetrics();
  serveDocuments(app);
  await app.init();
  return app;
}

/** The owner's password, plain and as in the URL, and the passwords derived from it. */
function secretsOf(settings: RuntimeSettings): string[] {
  const { password } = new URL(settings.databaseUrl);
  const roles = DATABASE_ROLES.map((role) => new URL(roleUrl(settings.databaseUrl, role)).password);
  const broker = settings.kafka?.sasl ? [settings.kafka.sasl.password] : [];
  return [password, decodeURIComponent(password), ...roles, ...broker];
}

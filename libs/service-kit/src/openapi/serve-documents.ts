import { SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { openApiDocument } from './open-api-document.js';

/** Nothing comes from elsewhere. Swagger UI writes styles into its page; its scripts are files. */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Serves `/openapi.json` and the page `/docs`, without a key. To be called before the application is initialised. */
export function serveDocuments(app: NestFastifyApplication): void {
  let document: OpenAPIObject | undefined;
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRequest', async (request, reply) => {
      if (/^\/docs(?:[/?]|$)/.test(request.url)) {
        void reply.header('content-security-policy', PAGE_POLICY).header('x-content-type-options', 'nosniff');
      }
    });
  SwaggerModule.setup('docs', app, () => (document ??= openApiDocument(app)), {
    raw: ['json'],
    jsonDocumentUrl: 'openapi.json',
    customSiteTitle: 'Postern: the HTTP API',
    customCss: '.swagger-ui .topbar { display: none }',
    // Swagger UI would have the document checked by a server on the internet.
    swaggerOptions: { validatorUrl: null, defaultModelsExpandDepth: 0, displayRequestDuration: true },
  });
}

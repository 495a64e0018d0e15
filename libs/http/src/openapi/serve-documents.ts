import { SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { openApiDocument } from './open-api-document.js';

/** Serves `/openapi.json` and the page `/docs`, without a key. To be called before the application is initialised. */
export function serveDocuments(app: NestFastifyApplication): void {
  let document: OpenAPIObject | undefined;
  SwaggerModule.setup('docs', app, () => (document ??= openApiDocument(app)), {
    raw: ['json'],
    jsonDocumentUrl: 'openapi.json',
    customSiteTitle: 'Postern: the HTTP API',
    customCss: '.swagger-ui .topbar { display: none }',
    // Swagger UI would have the document checked by a server on the internet.
    swaggerOptions: { validatorUrl: null, defaultModelsExpandDepth: 0, displayRequestDuration: true },
  });
}

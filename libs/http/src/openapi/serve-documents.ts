import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';

/** From the sources (jest) or from `dist`. */
const ROOT = import.meta.dirname.replace(/([\\/]dist)?[\\/]libs[\\/]http[\\/]src[\\/]openapi$/, '');

/** Call it before the application is initialised. */
export function serveDocuments(app: NestFastifyApplication): void {
  const document = JSON.parse(readFileSync(join(ROOT, 'docs', 'openapi.json'), 'utf8')) as OpenAPIObject;
  SwaggerModule.setup('docs', app, document, {
    raw: ['json'],
    jsonDocumentUrl: 'openapi.json',
    customSiteTitle: 'Postern: the HTTP API',
    customCss: '.swagger-ui .topbar { display: none }',
    // Swagger UI would send the document to a validator on the internet.
    swaggerOptions: { validatorUrl: null, defaultModelsExpandDepth: 0, displayRequestDuration: true },
  });
}

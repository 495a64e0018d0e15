import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { z } from 'zod';
import { BUILD } from '@postern/observe';
import { completed } from './completed.js';
import { loadSettings } from '@postern/settings';
import { StandaloneModule } from '../../apps/standalone/src/standalone.module.js';
import { jsonSchemaOf } from '../../libs/http/src/openapi/json-schema.js';
import { TAGS } from '../../libs/http/src/openapi/documented.js';

const DESCRIPTION = `
Postern decides from which IP addresses an SMTP user may log in. This API sets the restrictions, shows who was denied, and delivers the policies to relays.

- JSON in UTF-8; times are RFC 3339 in UTC with milliseconds. An unknown field in a request is refused. Answers may
  get new fields, and problems new codes: ignore what you do not recognise.
- Errors are \`application/problem+json\` (RFC 9457). Compare \`code\` in programs; \`detail\` says what to do next.
- Every GET route also accepts HEAD and then sends no body. An unknown path is 404 \`route-not-found\`.
- Lists are paged, newest first if the summary names no other order. Send \`nextCursor\` as \`?cursor=\` until it is null.
`.trim();

/** The OpenAPI 3.1 document of the complete API. Starts nothing: Nest only looks at the modules. Throws for a route that nobody described. */
export async function openApiDocument(): Promise<OpenAPIObject> {
  const settings = { ...loadSettings({}), databaseUrl: 'postgresql://none:none@localhost/none' };
  const module = StandaloneModule.forRoot(settings);
  const options = { preview: true, logger: false, abortOnError: false } as const;
  const app = await NestFactory.create<NestFastifyApplication>(module, new FastifyAdapter(), options);
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Postern')
    .setDescription(DESCRIPTION)
    .setVersion(BUILD.version)
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addServer('/', 'This Postern')
    .addSecurity('apiKey', {
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'pst_<role>_<id>_<secret>',
      description: 'An API key. It needs one of the roles that a route lists.',
    })
    .addSecurity('session', {
      type: 'apiKey',
      in: 'cookie',
      name: 'postern_session',
      description:
        'The session of a browser that signed in with `POST /v1/session`. It has the rights of its API key. Requests that change something must come from a page of the same origin. If `Authorization` is sent, the cookie is ignored.',
    });
  for (const [name, description] of Object.entries(TAGS)) builder.addTag(name, description);
  const scanned = SwaggerModule.createDocument(app, builder.build(), {
    autoTagControllers: false,
    standardSchemaConverter: (schema, { schemaType }) =>
      schema instanceof z.ZodType ? { schema: jsonSchemaOf(schema, schemaType) } : undefined,
  });
  return completed(scanned);
}

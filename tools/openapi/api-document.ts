import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { loadSettings } from '@postern/settings';
import { openApiDocument } from './open-api-document.js';
import { StandaloneModule } from '../../apps/standalone/src/standalone.module.js';

/** The OpenAPI document of the complete API, without starting anything: Nest only looks at the modules. */
export async function apiDocument(): Promise<ReturnType<typeof openApiDocument>> {
  const settings = { ...loadSettings({}), databaseUrl: 'postgresql://none:none@localhost/none' };
  const module = StandaloneModule.forRoot(settings);
  const options = { preview: true, logger: false, abortOnError: false } as const;
  const app = await NestFactory.create<NestFastifyApplication>(module, new FastifyAdapter(), options);
  return openApiDocument(app);
}

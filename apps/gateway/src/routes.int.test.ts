import { describe, expect, it } from '@jest/globals';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { AuditTrailServiceModule } from '@postern/audit-trail-service';
import { CommandServiceModule } from '@postern/command-service';
import { ProjectionServiceModule } from '@postern/projection-service';
import { loadSettings } from '@postern/settings';
import { openApiDocument } from '@postern/http';
import { serviceModule } from '@postern/process';
import { fastify } from 'fastify';
import { apiDocument } from '../../standalone/src/api-document.js';
import { ROUTES, SERVICES, type Service } from './routes.js';
import { merged } from './whole-document.js';

const MODULES = {
  'command-service': CommandServiceModule,
  'projection-service': ProjectionServiceModule,
  'audit-trail-service': AuditTrailServiceModule,
};
/** What each process has, and the gateway answers for itself. */
const OF_EVERY_PROCESS = /^\/(health\/|(metrics|openapi\.json|docs)?$)/;

type Document = ReturnType<typeof openApiDocument>;

/** The document of one service alone, without starting anything. */
async function documentOf(service: Service): Promise<Document> {
  const settings = { ...loadSettings({}), databaseUrl: 'postgresql://none:none@localhost/none' };
  const options = { preview: true, logger: false, abortOnError: false } as const;
  const module = serviceModule({ module: MODULES[service], bus: 'reads' }, settings);
  return openApiDocument(await NestFactory.create<NestFastifyApplication>(module, new FastifyAdapter(), options));
}

/** `GET /v1/tenants/{tenantId}`, of a document. */
function routesIn(document: Document): string[] {
  return Object.entries(document.paths)
    .filter(([path]) => !OF_EVERY_PROCESS.test(path))
    .flatMap(([path, operations]) => Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`))
    .sort();
}

describe('the table of routes', () => {
  it('sends every route of the API to the one service that has it, GET and HEAD alike', async () => {
    const documents = await Promise.all(SERVICES.map(documentOf));
    const table = fastify();
    for (const { methods, path, to } of ROUTES)
      table.route({ method: [...methods], url: path, handler: async () => ({ to }) });
    const sentTo: string[] = [];
    const has: string[] = [];
    for (const [i, document] of documents.entries()) {
      for (const route of routesIn(document)) {
        const [method = '', path = ''] = route.split(' ');
        const url = path.replaceAll(/\{\w+\}/g, '01a20ae6-f24f-7793-ac66-e5da32839d9c');
        const { to } = (await table.inject({ method: method as 'GET', url })).json() as { to: string };
        has.push(`${route} → ${SERVICES[i]}`);
        sentTo.push(`${route} → ${to}`);
        if (method === 'GET')
          expect([url, (await table.inject({ method: 'HEAD', url })).statusCode]).toEqual([url, 200]);
      }
    }
    expect(sentTo).toEqual(has);
    expect(sentTo.map((line) => line.split(' → ')[0]).sort()).toEqual(routesIn((await apiDocument()) as Document));
  });

  it('makes one document of those of the services, which is that of the whole', async () => {
    const documents = await Promise.all(SERVICES.map(documentOf));
    const whole = JSON.parse(JSON.stringify(merged(documents as never)));
    const standalone = JSON.parse(JSON.stringify(await apiDocument()));
    expect(whole).toEqual({ ...standalone, tags: expect.anything() });
    expect(whole.tags.map(({ name }: { name: string }) => name).sort()).toEqual(
      standalone.tags.map(({ name }: { name: string }) => name).sort(),
    );
  });
});

import { BUILD, metrics } from '@postern/observe';
import { prefersPage, STARTING_PAGE, STARTING_PAGE_POLICY, STARTING_POINT } from '@postern/process';
import { Problem } from '@postern/http';
import type { FastifyInstance } from 'fastify';
import type { Instances } from './instances.js';
import { WholeDocument } from './whole-document.js';

/** What the gateway answers itself; no key is asked for. */
export function addOwnRoutes(fastify: FastifyInstance, instances: Instances): void {
  fastify.get('/', async (request, reply) => {
    void reply.header('vary', 'accept').header('content-security-policy', STARTING_PAGE_POLICY);
    if (!prefersPage(request.headers.accept)) return STARTING_POINT;
    void reply.type('text/html; charset=utf-8');
    return STARTING_PAGE;
  });

  fastify.get('/health/live', async () => ({ status: 'live', ...BUILD }));

  fastify.get('/health/ready', async () => {
    const missing = instances.missing();
    const names = Object.entries(missing).map(([name, why]) => `${name} (${why})`);
    if (names.length > 0) throw new Problem('not-ready', `Missing: ${names.join('; ')}.`, { extra: { missing } });
    return { status: 'ready', ...BUILD };
  });

  fastify.get('/metrics', async (_, reply) => {
    void reply.header('content-type', metrics.contentType);
    return metrics.metrics();
  });

  const document = new WholeDocument(instances);
  fastify.get('/openapi.json', async () => {
    try {
      return await document.get();
    } catch (error) {
      throw new Problem('not-ready', `${error instanceof Error ? error.message : String(error)} Ask again shortly.`, {
        headers: { 'retry-after': '1' },
      });
    }
  });

  // A service's page holds the document of that service alone; here it shows the whole.
  fastify.get('/docs/swagger-ui-init.js', async (_, reply) => {
    void reply.type('text/javascript; charset=utf-8');
    return PAGE_SCRIPT;
  });
}

const PAGE_SCRIPT = `window.onload = () => {
  window.ui = SwaggerUIBundle({
    url: '/openapi.json',
    dom_id: '#swagger-ui',
    deepLinking: true,
    presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
    layout: 'StandaloneLayout',
    validatorUrl: null,
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
  });
};
`;

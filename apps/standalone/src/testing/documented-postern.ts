import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { DocumentedApi, DocumentedCaller, insertDeadLetter, type ApiDocument, until } from '@postern/testing';
import { startPostern } from './started-postern.js';

/** A Postern over a real database, called by HTTP, every answer held to the document that it serves. */
export interface DocumentedPostern {
  readonly app: NestFastifyApplication;
  readonly api: DocumentedApi;
  /** Every route that its server has, whoever added it: `GET`, `/v1/tenants/:tenantId`. */
  readonly routes: readonly { readonly method: string; readonly path: string }[];
  /** Without a key. */
  readonly anybody: DocumentedCaller;
  readonly operator: DocumentedCaller;
  readonly operatorKey: string;
  /** A new API key; those of a role that belongs to a tenant are of `acme`. */
  newKey(role: 'operator' | 'relay' | 'admin' | 'auditor'): Promise<{ readonly id: string; readonly key: string }>;
  /** Stores an event of the tenant `acme` as a dead letter; gives its id. */
  deadLetter(event: object): Promise<string>;
  end(): Promise<void>;
}

/** Starts it with the tenant `acme`, and waits until it is ready. */
export async function startDocumented(environment: NodeJS.ProcessEnv = {}): Promise<DocumentedPostern> {
  const routes: { method: string; path: string }[] = [];
  const noteRoutes = (message: unknown) =>
    (message as { fastify: FastifyInstance }).fastify.addHook('onRoute', ({ method, url }) => {
      for (const one of [method].flat()) routes.push({ method: one, path: url });
    });
  // Where Fastify announces each new server, before it has a route.
  subscribe('fastify.initialization', noteRoutes);
  const started = startPostern(environment);
  const { app, url, databaseUrl, operatorKey, end } = await started.finally(() =>
    unsubscribe('fastify.initialization', noteRoutes),
  );
  await untilReady(url);
  const api = new DocumentedApi((await (await fetch(`${url}/openapi.json`)).json()) as ApiDocument);
  const anybody = new DocumentedCaller(url, api);
  const operator = anybody.as(operatorKey);
  await operator.expect('POST /v1/tenants', { body: { id: 'acme', name: 'Acme Ltd' }, status: 201 });
  return {
    app,
    api,
    routes,
    anybody,
    operator,
    operatorKey,
    newKey: async (role) => {
      const ofTenant = role === 'admin' || role === 'auditor';
      const route = ofTenant ? 'POST /v1/tenants/{tenantId}/api-keys' : 'POST /v1/api-keys';
      const call = { params: { tenantId: 'acme' }, body: { role, name: 'ci' }, status: 201 };
      return (await operator.expect(route, call)).json as { id: string; key: string };
    },
    deadLetter: (event) => insertDeadLetter(databaseUrl, event),
    end,
  };
}

/** The consumers have caught up with the journal. */
async function untilReady(url: string): Promise<void> {
  await until(
    () => fetch(`${url}/health/ready`),
    'readiness',
    ({ ok }) => ok,
  );
}

import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';

/** A route as Fastify has it: `GET`, `/v1/tenants/:tenantId`. */
export interface Route {
  readonly method: string;
  readonly path: string;
}

const noted = new WeakMap<object, Route[]>();

/** Keeps which routes are added from here on, for `routesOf`. */
export function noteRoutes(fastify: FastifyInstance): void {
  const routes: Route[] = [];
  noted.set(fastify, routes);
  fastify.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) routes.push({ method: one, path: url });
  });
}

/** All routes of an application of `createHttpApp`, whoever added them: what its document is held to. */
export function routesOf(app: NestFastifyApplication): readonly Route[] {
  return noted.get(app.getHttpAdapter().getInstance()) ?? [];
}

import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import type { FastifyRequest } from 'fastify';
import type { Observable } from 'rxjs';
import { Problem } from '../problem/problem.js';
import { MAX_ERRORS } from './schema-pipe.js';

/**
 * Refuses a query at a route of the API that reads none: a misspelt `?dryRun` must not change what a caller means. Where a route has a
 * `@Query({ schema })`, that schema refuses what it does not name. Health checks and metrics ignore theirs.
 */
@Injectable()
export class UnknownQuery implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { query, routeOptions } = context.switchToHttp().getRequest<FastifyRequest>();
    const names = Object.keys(query as object);
    if (names.length > 0 && routeOptions.url?.startsWith('/v1/') && !readsQuery(context)) throw unknown(names);
    return next.handle();
  }
}

function readsQuery(context: ExecutionContext): boolean {
  const handler = context.getHandler().name;
  const parameters = Reflect.getMetadata(ROUTE_ARGS_METADATA, context.getClass(), handler) as object | undefined;
  return Object.keys(parameters ?? {}).some((key) => key.startsWith(`${RouteParamtypes.QUERY}:`));
}

function unknown(names: readonly string[]): Problem {
  const errors = names.slice(0, MAX_ERRORS).map((name) => ({
    pointer: `?${name.slice(0, 64)}`,
    code: 'field-unknown',
    detail: `There is no query parameter ${JSON.stringify(name.slice(0, 64))} here. Take it out.`,
  }));
  return new Problem('validation-failed', `${errors[0]?.pointer}: ${errors[0]?.detail}`, { errors });
}

import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Actor, EventMetadata, TenantId } from '@postern/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { principalOf, type Principal } from './principal.js';
import { idempotencyClaim, type IdempotencyClaim } from './idempotency-claim.js';

/** Who asks, for which tenant, by which request: what every command and query is given. */
export interface RequestContext {
  readonly actor: Actor;
  readonly requestId: string;
  /** Undefined where the request has no `Idempotency-Key`. */
  readonly idempotency?: IdempotencyClaim | undefined;
}

/** The parameter decorator for a `RequestContext`. */
export const Context = createParamDecorator((_: unknown, context: ExecutionContext): RequestContext => {
  const http = context.switchToHttp();
  const request = http.getRequest<FastifyRequest>();
  const principal = principalOf(request);
  const idempotency = idempotencyClaim(request, http.getResponse<FastifyReply>(), principal);
  return { actor: principal.actor, requestId: request.id, idempotency };
});

/** The parameter decorator for whom the key of the request belongs to. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): Principal =>
  principalOf(context.switchToHttp().getRequest<FastifyRequest>()),
);

/** The tenant in the path, which the guard has checked against the key. */
export const Tenant = createParamDecorator((_: unknown, context: ExecutionContext): TenantId => {
  const request = context.switchToHttp().getRequest<FastifyRequest<{ Params: { tenantId: TenantId } }>>();
  return request.params.tenantId;
});

/** The metadata of the events that a request causes. */
export function eventMetadata(context: RequestContext): EventMetadata {
  return { actor: context.actor, correlationId: context.requestId, causationId: null };
}

import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Actor, TenantId } from '@postern/contracts';
import type { FastifyRequest } from 'fastify';

/** A proven caller. */
export interface Principal {
  readonly actor: Actor;
  /** Null for the roles that belong to no tenant: operator and relay. */
  readonly tenantId: TenantId | null;
}

const principals = new WeakMap<object, Principal>();

/** Keeps who was authenticated for this request; the guard calls it. */
export function setPrincipal(request: FastifyRequest, principal: Principal): void {
  principals.set(request.raw, principal);
}

/** Who was authenticated for this request; undefined where nobody was. */
export function principalIfAny(request: FastifyRequest): Principal | undefined {
  return principals.get(request.raw);
}

/** Throws when the route is public: it has no principal. */
export function principalOf(request: FastifyRequest): Principal {
  const principal = principals.get(request.raw);
  if (!principal) throw new Error('This route is public: it has no principal.');
  return principal;
}

/** The parameter decorator for whom the key of the request belongs to. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): Principal =>
  principalOf(context.switchToHttp().getRequest<FastifyRequest>()),
);

/** The tenant in the path, which the guard has checked against the key. */
export const Tenant = createParamDecorator((_: unknown, context: ExecutionContext): TenantId => {
  const request = context.switchToHttp().getRequest<FastifyRequest<{ Params: { tenantId: TenantId } }>>();
  return request.params.tenantId;
});
/** The API key's text in `Authorization: Bearer …`; null where there is none. */
export function bearerToken(request: Pick<FastifyRequest, 'headers'>): string | null {
  const [scheme, text, ...more] = (request.headers.authorization ?? '').split(' ');
  return scheme?.toLowerCase() === 'bearer' && text && more.length === 0 ? text : null;
}

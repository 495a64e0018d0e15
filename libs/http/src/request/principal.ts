import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Actor, Session, TenantId } from '@postern/contracts';
import type { FastifyRequest } from 'fastify';

/** A proven caller. */
export interface Principal {
  readonly actor: Actor;
  /** Null for the roles that belong to no tenant: operator and relay. */
  readonly tenantId: TenantId | null;
  /** Null where the caller sent the API key itself. */
  readonly session: Session | null;
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

/** What a request proves its caller by. */
export interface Credential {
  readonly kind: 'api-key' | 'session';
  /** Secret, and not proven: of a session it may be any text, and is empty where two cookies have its name. */
  readonly text: string;
}

/** The cookie of a browser that has signed in. */
export const SESSION_COOKIE = 'postern_session';

/** The API key of `Authorization: Bearer …`. A request without that header may have the cookie of a session. Null: it has neither. */
export function credentialOf({ headers }: Pick<FastifyRequest, 'headers'>): Credential | null {
  if (headers.authorization !== undefined) {
    const [scheme, text, ...more] = headers.authorization.split(' ');
    return scheme?.toLowerCase() === 'bearer' && text && more.length === 0 ? { kind: 'api-key', text } : null;
  }
  const [cookie, ...others] = (headers.cookie ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${SESSION_COOKIE}=`));
  if (cookie === undefined) return null;
  // Of two, one was set by somebody who may write cookies for this host: it must not be chosen.
  return { kind: 'session', text: others.length === 0 ? cookie.slice(SESSION_COOKIE.length + 1) : '' };
}

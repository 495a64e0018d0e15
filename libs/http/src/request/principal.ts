import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Actor, SessionId, TenantId } from '@postern/contracts';
import type { FastifyRequest } from 'fastify';

export interface Session {
  readonly id: SessionId;
  readonly expiresAt: string;
}

export interface Principal {
  readonly actor: Actor;
  /** Null for the roles operator and relay. */
  readonly tenantId: TenantId | null;
  /** Null if the API key itself was sent. */
  readonly session: Session | null;
}

const principals = new WeakMap<object, Principal>();

export function setPrincipal(request: FastifyRequest, principal: Principal): void {
  principals.set(request.raw, principal);
}

export function principalIfAny(request: FastifyRequest): Principal | undefined {
  return principals.get(request.raw);
}

export function principalOf(request: FastifyRequest): Principal {
  const principal = principals.get(request.raw);
  if (!principal) throw new Error('This route is public: it has no principal.');
  return principal;
}

export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): Principal =>
  principalOf(context.switchToHttp().getRequest<FastifyRequest>()),
);

export const Tenant = createParamDecorator((_: unknown, context: ExecutionContext): TenantId => {
  const request = context.switchToHttp().getRequest<FastifyRequest<{ Params: { tenantId: TenantId } }>>();
  return request.params.tenantId;
});

export interface Credential {
  readonly kind: 'api-key' | 'session';
  /** Unproven. For a session it may be any text, and is empty if two cookies have its name. */
  readonly text: string;
}

export const SESSION_COOKIE = 'postern_session';

/** The header `Authorization`, or else the session's cookie, or null. */
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
  // If there are two cookies, somebody else who can write cookies for this host set one.
  return { kind: 'session', text: others.length === 0 ? cookie.slice(SESSION_COOKIE.length + 1) : '' };
}

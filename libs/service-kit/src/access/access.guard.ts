import {
  applyDecorators,
  Inject,
  Injectable,
  SetMetadata,
  type CanActivate,
  type CustomDecorator,
  type ExecutionContext,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ApiSecurity } from '@nestjs/swagger';
import type { Role, TenantId } from '@postern/contracts';
import type { FastifyRequest } from 'fastify';
import { Deadline } from '@postern/async';
import { setPrincipal } from '../http/request-context.js';
import { callerAddress } from '../http/source-address.js';
import { RequestLimits } from '../limits/request-limits.js';
import { Problem } from '../problem/problem.js';
import { SETTINGS, type RuntimeSettings } from '../settings/settings.module.js';
import { ApiKeyDirectory, type Principal } from './api-key-directory.js';

/** What else stands in the path is no tenant's id, and PostgreSQL would choke on a NUL. */
const TENANT_ID = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** Longer than any healthy look-up takes; what is behind the guard has a deadline of its own. */
export const ACCESS_DEADLINE_MS = 4_000;

const ROLES_ALLOWED = 'postern:roles';

/** Which roles may call the route. A route without this, and without `Public`, is refused to everyone. */
export const Allow = (...roles: readonly Role[]): ClassDecorator & MethodDecorator =>
  applyDecorators(SetMetadata(ROLES_ALLOWED, roles), ...roles.map((role) => ApiSecurity('apiKey', [role])));

/** The route needs no key. */
export const Public = (): CustomDecorator => SetMetadata(ROLES_ALLOWED, 'public');

/** Authenticates by API key, then checks the role and the tenant in the path. Somebody else's tenant is as good as none: 404. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    @Inject(Reflector) private readonly reflector: Reflector,
    @Inject(ApiKeyDirectory) private readonly keys: ApiKeyDirectory,
    @Inject(RequestLimits) private readonly limits: RequestLimits,
    @Inject(SETTINGS) private readonly settings: RuntimeSettings,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const allowed = this.reflector.getAllAndOverride<readonly Role[] | 'public' | undefined>(ROLES_ALLOWED, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (allowed === 'public') return true;
    const request = context.switchToHttp().getRequest<FastifyRequest<{ Params: { tenantId?: TenantId } }>>();
    const principal = await Deadline.within(ACCESS_DEADLINE_MS, () => this.authenticate(request), notKnown);
    setPrincipal(request, principal);
    this.limits.takeRequest(principal.actor.keyId);
    const tenantId = request.params.tenantId;
    if (tenantId !== undefined)
      await Deadline.within(ACCESS_DEADLINE_MS, () => this.checkTenant(principal, tenantId), notKnown);
    if (!allowed?.includes(principal.actor.role)) {
      const needed = allowed?.join(' or ') ?? 'no role';
      throw new Problem(
        'role-not-allowed',
        `This needs a key of the role ${needed}; yours is of the role ${principal.actor.role}.`,
      );
    }
    return true;
  }

  /** Who has not proved a key yet pays for the attempt beforehand, so that a flood of wrong keys reaches no database. */
  private async authenticate(request: FastifyRequest): Promise<Principal> {
    const text = bearerToken(request);
    if (text !== null && this.keys.hasProved(text)) return (await this.keys.authenticate(text)) ?? refuse(invalidKey());
    const giveBack = this.limits.takeAttempt(callerAddress(request, this.settings.trustedProxies));
    if (text === null) return refuse(missingKey());
    let principal: Principal | null;
    try {
      principal = await this.keys.authenticate(text);
    } catch (error) {
      // The database's fault, not the caller's.
      giveBack();
      throw error;
    }
    if (!principal) return refuse(invalidKey());
    giveBack();
    return principal;
  }

  private async checkTenant(principal: Principal, tenantId: TenantId): Promise<void> {
    if (!TENANT_ID.test(tenantId))
      throw new Problem('tenant-not-found', 'There is no such tenant, or it is not yours.');
    const own =
      principal.tenantId === null ? await this.seesAllTenants(principal, tenantId) : principal.tenantId === tenantId;
    if (!own) throw new Problem('tenant-not-found', 'There is no such tenant, or it is not yours.');
  }

  /** A relay's key sees no tenant's routes, whether or not the tenant exists. */
  private async seesAllTenants(principal: Principal, tenantId: TenantId): Promise<boolean> {
    return principal.actor.role === 'operator' && (await this.keys.tenantExists(tenantId));
  }
}

function bearerToken(request: FastifyRequest): string | null {
  const [scheme, text, ...more] = (request.headers.authorization ?? '').split(' ');
  return scheme?.toLowerCase() === 'bearer' && text && more.length === 0 ? text : null;
}

function refuse(problem: Problem): never {
  throw problem;
}

function missingKey(): Problem {
  return new Problem('api-key-missing', 'Send the header "Authorization: Bearer pst_…" with your API key.', {
    headers: { 'www-authenticate': 'Bearer realm="postern"' },
  });
}

function invalidKey(): Problem {
  return new Problem('api-key-invalid', 'The API key is malformed, unknown or revoked. Have a new one issued.', {
    headers: { 'www-authenticate': 'Bearer realm="postern", error="invalid_token"' },
  });
}

function notKnown(): Problem {
  return new Problem(
    'not-ready',
    `The database did not say within ${ACCESS_DEADLINE_MS / 1_000} s whose API key this is. Nothing was done; send it again shortly.`,
    { headers: { 'retry-after': '1' } },
  );
}

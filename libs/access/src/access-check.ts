import { Inject, Injectable } from '@nestjs/common';
import { Deadline } from '@postern/async';
import type { TenantId } from '@postern/contracts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import {
  principalOf,
  setPrincipal,
  type Principal,
  callerAddress,
  Problem,
  routeNotFound,
  bearerToken,
  databaseFailed,
  type RouteRules,
} from '@postern/http';
import { SETTINGS, type RuntimeSettings } from '@postern/settings';
import { RequestLimits } from './rate-limits.js';
import { ApiKeyDirectory } from './api-key-directory.js';

/** What else is in the path is no tenant's id, and PostgreSQL would refuse a NUL. */
const TENANT_ID = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** Longer than any healthy look-up takes; what comes after the check has a deadline of its own. */
export const ACCESS_DEADLINE_MS = 4_000;

declare module 'fastify' {
  interface FastifyContextConfig extends RouteRules {}
}

/** Has every request checked before a byte of its body is read, and gives each route the limit of its body. */
export function checkBeforeBody(fastify: FastifyInstance, access: AccessCheck): void {
  fastify.addHook('onRoute', (route) => {
    const bodyBytes = route.config?.bodyBytes;
    if (bodyBytes !== undefined) route.bodyLimit = bodyBytes;
  });
  fastify.addHook('onRequest', (request) => access.check(request));
}

/**
 * Authenticates by API key, then checks the role and the tenant in the path. Somebody else's tenant is as good as none: 404.
 * Only failures are counted: a valid key gets through whatever else comes from its address.
 */
@Injectable()
export class AccessCheck {
  constructor(
    @Inject(ApiKeyDirectory) private readonly keys: ApiKeyDirectory,
    @Inject(RequestLimits) private readonly limits: RequestLimits,
    @Inject(SETTINGS) private readonly settings: RuntimeSettings,
  ) {}

  /** Throws the problem that the request is answered with. */
  async check(request: FastifyRequest): Promise<void> {
    if (request.is404) throw routeNotFound(request);
    const { access } = request.routeOptions.config;
    // The documents have no rule; a controller's route without one is refused by the guard.
    if (access === undefined || access === 'public') return;
    const text = bearerToken(request);
    const principal = text === null ? null : await known(this.keys.authenticate(text));
    if (!principal) throw this.refused(request, text === null ? missingKey() : invalidKey());
    setPrincipal(request, principal);
    this.limits.takeRequest(principal.actor.keyId);
    const { tenantId } = request.params as { readonly tenantId?: TenantId };
    if (tenantId !== undefined && !(await this.sees(principal, tenantId))) throw tenantNotFound();
    if (!access.includes(principal.actor.role)) throw roleNotAllowed(access.join(' or '), principal);
  }

  /** Whether the key still holds once the body has come, which may take half a minute. */
  async checkAgain(request: FastifyRequest): Promise<void> {
    if (!(await known(this.keys.isValid(principalOf(request).actor.keyId)))) throw this.refused(request, invalidKey());
  }

  /** Counts a request without a valid key. Throws `too-many-requests`. */
  private refused(request: FastifyRequest, problem: Problem): Problem {
    this.limits.takeFailure(callerAddress(request, this.settings.trustedProxies));
    return problem;
  }

  /** A relay's key sees no tenant's routes, whether or not the tenant exists. */
  private sees({ actor, tenantId: own }: Principal, tenantId: TenantId): boolean | Promise<boolean> {
    if (own !== null || actor.role !== 'operator' || !TENANT_ID.test(tenantId)) return own === tenantId;
    return Deadline.within(ACCESS_DEADLINE_MS, () => this.keys.tenantExists(tenantId), notKnown);
  }
}

/** A look-up of keys, which serves several requests, is waited for until the check's own deadline; what is known already needs none. */
function known<T>(answer: T | Promise<T>): T | Promise<T> {
  return answer instanceof Promise ? Deadline.within(ACCESS_DEADLINE_MS, () => answer, notKnown) : answer;
}

function tenantNotFound(): Problem {
  return new Problem('tenant-not-found', 'There is no such tenant, or it is not yours.');
}

function roleNotAllowed(needed: string, { actor }: Principal): Problem {
  return new Problem('role-not-allowed', `This needs a key of the role ${needed}; yours is of the role ${actor.role}.`);
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
  return databaseFailed(
    `The database did not say within ${ACCESS_DEADLINE_MS / 1_000} s whose API key this is. Nothing was done; send it again shortly.`,
  );
}

import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Deadline } from '@postern/async';
import type { TenantId } from '@postern/contracts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import {
  principalOf,
  setPrincipal,
  type Principal,
  callerAddress,
  credentialOf,
  hasBody,
  isSameOrigin,
  Problem,
  routeNotFound,
  type Credential,
  databaseFailed,
  rulesOf,
  type RouteRules,
} from '@postern/http';
import { SETTINGS, type RuntimeSettings } from '@postern/settings';
import { RequestLimits } from './rate-limits.js';
import { Callers } from './callers.js';

/** Chosen by the caller; a UUID also matches (API: ids and names). */
export const TENANT_ID = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** Longer than any healthy look-up. Work after the check has its own deadline. */
export const ACCESS_DEADLINE_MS = 4_000;

declare module 'fastify' {
  interface FastifyContextConfig extends RouteRules {}
}

/** Also sets each route's body limit. */
export function checkBeforeBody(fastify: FastifyInstance, access: AccessCheck): void {
  fastify.addHook('onRoute', (route) => {
    const bodyBytes = route.config?.bodyBytes;
    if (bodyBytes !== undefined) route.bodyLimit = bodyBytes;
  });
  fastify.addHook('onRequest', (request) => access.check(request));
}

/** Authenticates, then checks the role and the tenant, before the body is read. Only failures are rate-limited by address. */
@Injectable()
export class AccessCheck implements CanActivate {
  constructor(
    @Inject(Callers) private readonly callers: Callers,
    @Inject(RequestLimits) private readonly limits: RequestLimits,
    @Inject(SETTINGS) private readonly settings: RuntimeSettings,
  ) {}

  async check(request: FastifyRequest): Promise<void> {
    if (request.is404) throw routeNotFound(request);
    const { access } = request.routeOptions.config;
    // The documents have no rule. `canActivate` refuses a controller's route without one.
    if (access === undefined || access === 'public') return;
    const principal = await this.prove(request, credentialOf(request));
    // A browser also sends the cookie with requests of other sites' pages.
    if (principal.session && isWrite(request) && !isSameOrigin(request, this.settings.trustedProxies))
      throw crossSiteRequest();
    this.count(request);
    const { tenantId } = request.params as { readonly tenantId?: TenantId };
    if (tenantId !== undefined && !(await this.sees(principal, tenantId))) throw tenantNotFound();
    if (!access.includes(principal.actor.role)) throw roleNotAllowed(access.join(' or '), principal);
  }

  /** After the body, which may take half a minute: whether the key or session is still valid. */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const access = rulesOf(context.getHandler())?.access;
    if (access === undefined)
      throw new Problem(
        'role-not-allowed',
        'No role may call this, because the route lacks a rule. Report it as a bug.',
      );
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (access === 'public' || !hasBody(request)) return true;
    const principal = principalOf(request);
    const kind = principal.session ? 'session' : 'api-key';
    if (!(await known(this.callers.isValid(principal)))) throw this.refused(request, INVALID[kind]());
    return true;
  }

  /** Sets the principal of the request. @throws the problem of a missing or invalid credential. */
  async prove(request: FastifyRequest, credential: Credential | null): Promise<Principal> {
    if (credential === null) throw this.refused(request, missingKey());
    const principal = await known(this.callers.find(credential));
    if (!principal) throw this.refused(request, INVALID[credential.kind]());
    setPrincipal(request, principal);
    return principal;
  }

  /** @throws `too-many-requests`. */
  count(request: FastifyRequest): void {
    this.limits.takeRequest(principalOf(request).actor.keyId);
  }

  /** Counts a failure and returns `problem`. @throws `too-many-requests`. */
  refused(request: FastifyRequest, problem: Problem): Problem {
    this.limits.takeFailure(callerAddress(request, this.settings.trustedProxies));
    return problem;
  }

  /** A relay's key has no access to tenants' routes, whether the tenant exists or not. */
  private sees({ actor, tenantId: own }: Principal, tenantId: TenantId): boolean | Promise<boolean> {
    if (own !== null || actor.role !== 'operator' || !TENANT_ID.test(tenantId)) return own === tenantId;
    return Deadline.within(ACCESS_DEADLINE_MS, () => this.callers.tenantExists(tenantId), notReady);
  }
}

function isWrite({ method }: FastifyRequest): boolean {
  return method !== 'GET' && method !== 'HEAD';
}

/** A key look-up serves several requests, so each waits for it only until its own deadline. */
function known<T>(answer: T | Promise<T>): T | Promise<T> {
  return answer instanceof Promise ? Deadline.within(ACCESS_DEADLINE_MS, () => answer, notReady) : answer;
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

function endedSession(): Problem {
  return new Problem(
    'session-expired',
    'The session has expired or was ended, or its cookie is not valid. Sign in again.',
    {
      headers: { 'www-authenticate': 'Bearer realm="postern"' },
    },
  );
}

const INVALID = { 'api-key': invalidKey, session: endedSession } as const;

export function crossSiteRequest(): Problem {
  return new Problem(
    'cross-site-request',
    'With a session cookie, a page of this Postern must send this request: with Sec-Fetch-Site: same-origin, or an Origin that is the scheme and host of the request. Behind a proxy with TLS, set POSTERN_TRUSTED_PROXIES. From a script, send an API key and no cookie.',
  );
}

function notReady(): Problem {
  return databaseFailed(
    `The database did not say within ${ACCESS_DEADLINE_MS / 1_000} s who sends this. Nothing was done; send it again shortly.`,
  );
}

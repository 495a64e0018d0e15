import { Global, Module, Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { dataSourceModule } from '@postern/data-sources';
import type { FastifyRequest } from 'fastify';
import { hasBody, Problem, rulesOf } from '@postern/http';
import { RequestLimits } from './rate-limits.js';
import { accessEntities } from './access-schema.js';
import { AccessCheck } from './access-check.js';
import { Callers } from './callers.js';
import { KeyWatch } from './key-watch.js';

@Injectable()
class AccessGuard implements CanActivate {
  constructor(@Inject(AccessCheck) private readonly access: AccessCheck) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const access = rulesOf(context.getHandler())?.access;
    if (access === undefined)
      throw new Problem(
        'role-not-allowed',
        'No role may call this, because the route lacks a rule. Report it as a bug.',
      );
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    // The key may be revoked during a slow body.
    if (access !== 'public' && hasBody(request)) await this.access.checkAgain(request);
    return true;
  }
}

/** Short time-outs keep queries to a hanging database from accumulating behind the guard's deadline. */
const ACCESS_POOL = {
  entities: accessEntities,
  poolSize: 2,
  statementTimeoutMs: 2_000,
  lockTimeoutMs: 2_000,
  silentAfterMs: 1_000,
};

@Global()
@Module({
  imports: [dataSourceModule('postern_access', ACCESS_POOL)],
  providers: [Callers, RequestLimits, AccessCheck, KeyWatch, { provide: APP_GUARD, useClass: AccessGuard }],
  exports: [AccessCheck, Callers, KeyWatch],
})
export class AccessModule {}

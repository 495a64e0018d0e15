import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { hasBody, Problem, rulesOf } from '@postern/http';
import { AccessCheck } from './access-check.js';

/** What is left to check once the body is read: `AccessCheck` has let the request in before. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(@Inject(AccessCheck) private readonly access: AccessCheck) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const access = rulesOf(context.getHandler())?.access;
    if (access === undefined)
      throw new Problem('role-not-allowed', 'No role may call this. Report it: the route lacks a rule.');
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    // A key may be revoked while a slow body comes in.
    if (access !== 'public' && hasBody(request)) await this.access.checkAgain(request);
    return true;
  }
}

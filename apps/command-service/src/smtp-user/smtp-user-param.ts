import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { isUuid, type SmtpUserId, type TenantId } from '@postern/contracts';
import { Problem } from '@postern/http';
import type { FastifyRequest } from 'fastify';
import type { SmtpUserRef } from './smtp-user-states.js';

/**
 * The parameter decorator for the SMTP user in the path; the guard has checked its tenant.
 * What is no UUID is nobody's id: 404, without asking the database.
 */
export const SmtpUserParam = createParamDecorator((_: unknown, context: ExecutionContext): SmtpUserRef => {
  const request = context.switchToHttp().getRequest<FastifyRequest<{ Params: Record<string, string> }>>();
  const { tenantId, smtpUserId = '' } = request.params;
  if (!isUuid(smtpUserId)) {
    throw new Problem('smtp-user-not-found', 'There is no SMTP user with this id: an id is a UUID in lower case.');
  }
  return { tenantId: tenantId as TenantId, smtpUserId: smtpUserId as SmtpUserId };
});

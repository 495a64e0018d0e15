import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { isUuid, type SmtpUserId, type TenantId } from '@postern/contracts';
import { Problem } from '@postern/http';
import type { FastifyRequest } from 'fastify';
import { readIfMatch, type ExpectedVersions } from '../write/expected-version.js';
import { readGuard, type RequestedGuard } from '../write/guard-header.js';
import { writeRequest, type WriteRequest } from '../write/request-context.js';

/** The tenant is part of the key, so that no state is found under another tenant. */
export interface SmtpUserRef {
  readonly tenantId: TenantId;
  readonly smtpUserId: SmtpUserId;
}

export interface Target {
  readonly user: SmtpUserRef;
  readonly context: WriteRequest;
  readonly expected: ExpectedVersions;
  readonly guard: RequestedGuard | null;
}

export const TargetOf = createParamDecorator(
  (need: 'if-match-required' | undefined, execution: ExecutionContext): Target => {
    const request = execution.switchToHttp().getRequest<FastifyRequest<{ Params: Record<string, string> }>>();
    const { tenantId, smtpUserId = '' } = request.params;
    if (!isUuid(smtpUserId))
      throw new Problem('smtp-user-not-found', 'There is no SMTP user with this id: an id is a UUID in lower case.');
    const header = request.headers['if-match'];
    if (need !== undefined && header === undefined)
      throw new Problem(
        'if-match-required',
        'Send the ETag of the restriction that you read as If-Match, so that you overwrite nobody’s change. If-Match: * overwrites.',
      );
    return {
      user: { tenantId: tenantId as TenantId, smtpUserId: smtpUserId as SmtpUserId },
      context: writeRequest(execution),
      expected: readIfMatch(header),
      guard: readGuard(request.headers['postern-guard']),
    };
  },
);

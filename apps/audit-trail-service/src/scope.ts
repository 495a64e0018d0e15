import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { TenantId } from '@postern/contracts';
import type { FastifyRequest } from 'fastify';

/** A tenant, or one of its SMTP users. The id of the user may be any text. */
export interface TenantScope {
  readonly tenantId: TenantId;
  readonly smtpUserId: string | null;
}

export interface SmtpUserScope extends TenantScope {
  readonly smtpUserId: string;
}

/** The ids in the path; null: the path of the route has none. */
export const InPath = createParamDecorator((_: unknown, context: ExecutionContext) => {
  const { params } = context.switchToHttp().getRequest<FastifyRequest<{ Params: Partial<SmtpUserScope> }>>();
  return { tenantId: params.tenantId ?? null, smtpUserId: params.smtpUserId ?? null };
});

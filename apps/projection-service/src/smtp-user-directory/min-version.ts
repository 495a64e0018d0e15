import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { Problem } from '@postern/http';
import type { FastifyRequest } from 'fastify';

/** The header `Postern-Min-Version`: the version that a write answered, so that its writer reads it. 0 where it is not sent. */
export const MinVersion = createParamDecorator((_: unknown, context: ExecutionContext): number => {
  const given = context.switchToHttp().getRequest<FastifyRequest>().headers['postern-min-version'];
  if (given === undefined) return 0;
  if (typeof given === 'string' && /^\d{1,9}$/.test(given)) return Number(given);
  const detail = 'Postern-Min-Version must be the version that a write answered: a whole number.';
  throw new Problem('validation-failed', detail, {
    errors: [{ pointer: 'Postern-Min-Version', code: 'validation-failed', detail }],
  });
});

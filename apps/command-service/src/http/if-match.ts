import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { Problem } from '@postern/service-kit';
import type { FastifyRequest } from 'fastify';

/** The versions that the caller will have changed; null: whichever is current. */
export type ExpectedVersions = readonly number[] | null;

const ETAGS = /^"\d{1,9}"(?:\s*,\s*"\d{1,9}")*$/;

/**
 * Reads the header `If-Match` (RFC 9110, section 13.1.1): `"7"`, a list of such, or `*`.
 * Throws 422 for anything else: a client that meant to guard its change must not be left unguarded.
 */
export function readIfMatch(header: string | undefined): ExpectedVersions {
  if (header === undefined || header.trim() === '*') return null;
  if (!ETAGS.test(header.trim())) {
    const detail = 'Send If-Match as the ETag came, the version in double quotes: If-Match: "7".';
    throw new Problem('validation-failed', detail, {
      errors: [{ pointer: 'If-Match', code: 'validation-failed', detail }],
    });
  }
  return [...header.matchAll(/\d+/g)].map(([digits]) => Number(digits));
}

/** The parameter decorator for `ExpectedVersions`. */
export const IfMatch = createParamDecorator((_: unknown, context: ExecutionContext): ExpectedVersions =>
  readIfMatch(context.switchToHttp().getRequest<FastifyRequest>().headers['if-match']),
);

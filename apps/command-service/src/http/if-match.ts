import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { Problem, strongTags } from '@postern/http';
import type { FastifyRequest } from 'fastify';

/** The versions that the caller will have changed; null: whichever is current. */
export type ExpectedVersions = readonly number[] | null;

const ETAGS = /^"\d{1,9}"(?:\s*,\s*"\d{1,9}")*$/;

/**
 * Reads the header `If-Match` (RFC 9110, section 13.1.1): `"7"`, a list of such, or `*`; `W/"7"` and `"7-gzip"`, as proxies make
 * them, count as `"7"`. Throws 422 for anything else: a client that meant to guard its change must not be left unguarded.
 */
export function readIfMatch(header: string | undefined): ExpectedVersions {
  if (header === undefined || header.trim() === '*') return null;
  const tags = strongTags(header);
  if (!ETAGS.test(tags)) {
    const detail = 'Send If-Match as the ETag came, the version in double quotes: If-Match: "7".';
    throw new Problem('validation-failed', detail, {
      errors: [{ pointer: 'If-Match', code: 'validation-failed', detail }],
    });
  }
  return [...tags.matchAll(/\d+/g)].map(([digits]) => Number(digits));
}

/** The parameter decorator for `ExpectedVersions`; with `'required'`, a request without the header is 428. */
export const IfMatch = createParamDecorator(
  (need: 'required' | undefined, context: ExecutionContext): ExpectedVersions => {
    const header = context.switchToHttp().getRequest<FastifyRequest>().headers['if-match'];
    if (need === 'required' && header === undefined)
      throw new Problem(
        'if-match-required',
        'Send If-Match with the ETag of the restriction that you read, so that no change of somebody else is lost; If-Match: * overwrites.',
      );
    return readIfMatch(header);
  },
);

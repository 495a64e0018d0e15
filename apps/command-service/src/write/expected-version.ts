import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { Problem, strongTags } from '@postern/http';
import type { FastifyRequest } from 'fastify';

/** The versions that may be changed; null: any. */
export type ExpectedVersions = readonly number[] | null;

export const IfMatch = createParamDecorator((_: unknown, execution: ExecutionContext): ExpectedVersions =>
  readIfMatch(execution.switchToHttp().getRequest<FastifyRequest>().headers['if-match']),
);

const ETAGS = /^"\d{1,9}"(?:\s*,\s*"\d{1,9}")*$/;

/**
 * Reads `If-Match` (RFC 9110, section 13.1.1): `"7"`, a list, or `*`. Proxies make `W/"7"` and `"7-gzip"`: both count as `"7"`.
 * @throws 422 for anything else: otherwise a client would believe that its change is protected.
 */
export function readIfMatch(header: string | undefined): ExpectedVersions {
  if (header === undefined || header.trim() === '*') return null;
  const tags = strongTags(header);
  if (!ETAGS.test(tags)) {
    const detail = 'Send the ETag as If-Match, the version in double quotes: If-Match: "7".';
    throw new Problem('validation-failed', detail, {
      errors: [{ pointer: 'If-Match', code: 'validation-failed', detail }],
    });
  }
  return [...tags.matchAll(/\d+/g)].map(([digits]) => Number(digits));
}

/** @throws 412 `version-mismatch`. */
export function requireVersion(expected: ExpectedVersions, version: number): void {
  if (expected === null || expected.includes(version)) return;
  throw new Problem(
    'version-mismatch',
    `The present version is ${version}. Read it again, apply your change to it, and send If-Match: "${version}".`,
    { extra: { version }, headers: { etag: `"${version}"` } },
  );
}

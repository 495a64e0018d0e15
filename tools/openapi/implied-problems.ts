import type { ProblemCode } from '../../libs/http/src/problem/problem.js';
import type { Operation } from './completed.js';

/** These answer from memory. */
const ALWAYS_READY = /^\/(health\/live|metrics)$/;

/** What a route may be refused with before its use case is asked: by its key, its path, its query and its body. */
export function impliedProblems(path: string, method: string, operation: Operation): readonly ProblemCode[] {
  const hasQuery = (operation.parameters ?? []).some((parameter) => parameter['in'] === 'query');
  const rules: readonly (readonly [boolean, readonly ProblemCode[]])[] = [
    // The last three before it is known whose request it is.
    [true, ['internal-error', 'request-malformed', 'request-timeout', 'headers-too-large']],
    [!ALWAYS_READY.test(path), ['not-ready']],
    [
      operation.security !== undefined,
      ['api-key-missing', 'api-key-invalid', 'session-expired', 'role-not-allowed', 'too-many-requests'],
    ],
    [operation.security !== undefined && method !== 'get', ['cross-site-request']],
    // A path that cannot be decoded, or with a part that is too long, matches no route.
    [path.includes('{'), ['route-not-found']],
    [path.includes('{tenantId}'), ['tenant-not-found']],
    [path.includes('{smtpUserId}'), ['smtp-user-not-found']],
    // Also a DELETE may bring a body, which is read before it is known to be useless.
    [method !== 'get', ['body-not-json', 'body-too-large', 'media-type-unsupported']],
    [operation.requestBody !== undefined || hasQuery || path.startsWith('/v1/'), ['validation-failed']],
  ];
  return rules.flatMap(([applies, codes]) => (applies ? codes : []));
}

import { createHash } from 'node:crypto';
import type { ApiKeyId, TenantId } from '@postern/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { strongTags } from './strong-tags.js';
import { Problem } from '../problem/problem.js';
import { bearerToken } from './bearer-token.js';
import type { Principal } from './principal.js';

/** A request that its caller marked as one that may come again: the header `Idempotency-Key`. */
export interface IdempotencyClaim {
  /** Whose: two API keys may use the same text without knowing of each other. */
  readonly apiKeyId: ApiKeyId;
  readonly tenantId: TenantId | null;
  readonly key: string;
  /** SHA-256 of the method, the path, `If-Match` and the body. */
  readonly requestHash: Buffer;
  /** The API key's own text, by which the kept answer is sealed; it is in memory for as long as the request is. */
  readonly secret: string;
  /** Marks the answer of this request as an earlier one: `Idempotency-Replayed: true`. */
  readonly tellReplayed: () => void;
}

const PRINTABLE = /^[\x20-\x7e]{1,255}$/;

/** The claim of a request; undefined where it has no such header. Throws 422 where the key is no 1 to 255 printable ASCII characters. */
export function idempotencyClaim(
  request: FastifyRequest,
  reply: FastifyReply,
  { actor, tenantId }: Principal,
): IdempotencyClaim | undefined {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key !== 'string' || !PRINTABLE.test(key)) throw malformed();
  return {
    apiKeyId: actor.keyId,
    tenantId,
    key,
    requestHash: hashOf(request),
    secret: bearerToken(request) ?? '',
    tellReplayed: () => void reply.header('idempotency-replayed', 'true'),
  };
}

/** By meaning: the same JSON with other white space or another order of members, at a path written otherwise, is the same request. */
function hashOf({ method, routeOptions, params, headers, body }: FastifyRequest): Buffer {
  const request = [method, routeOptions.url, params, strongTags(headers['if-match'] ?? ''), body ?? null];
  return createHash('sha256').update(JSON.stringify(request, membersSorted), 'utf8').digest();
}

function membersSorted(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function malformed(): Problem {
  const detail =
    'Idempotency-Key must be 1 to 255 printable ASCII characters, such as a UUID that you make for the change.';
  return new Problem('validation-failed', detail, {
    errors: [{ pointer: 'Idempotency-Key', code: 'validation-failed', detail }],
  });
}

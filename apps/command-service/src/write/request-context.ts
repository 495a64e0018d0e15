import { createHash } from 'node:crypto';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Actor, ApiKeyId, EventMetadata, SessionId } from '@postern/contracts';
import { credentialOf, principalOf, Problem, strongTags } from '@postern/http';
import type { FastifyReply, FastifyRequest } from 'fastify';

export interface RequestContext {
  readonly actor: Actor;
  readonly requestId: string;
  readonly idempotency: IdempotencyClaim | undefined;
}

export interface WriteRequest extends RequestContext {
  /** The route's operation id: the name of its method, and `command` in the metrics. */
  readonly operation: string;
  readonly setHeader: (header: string, value: string) => void;
}

export interface IdempotencyClaim {
  readonly callerId: ApiKeyId | SessionId;
  readonly key: string;
  /** SHA-256 of the method, the path, `If-Match` and the body. */
  readonly requestHash: Buffer;
  /** The text of the API key or of the session's cookie, which seals the stored answer. */
  readonly secret: string;
}

export interface Written<Body = unknown> {
  readonly body: Body;
  /** The version of what was changed: `Postern-Version`, and with a body `ETag`. */
  readonly version?: number;
}

/** @throws 422 if the `Idempotency-Key` is not 1 to 255 printable ASCII characters. */
export function writeRequest(execution: ExecutionContext): WriteRequest {
  const http = execution.switchToHttp();
  const request = http.getRequest<FastifyRequest>();
  const reply = http.getResponse<FastifyReply>();
  return {
    actor: principalOf(request).actor,
    requestId: request.id,
    idempotency: idempotencyClaim(request),
    operation: execution.getHandler().name,
    setHeader: (header, value) => void reply.header(header, value),
  };
}

export const Context = createParamDecorator((_: unknown, execution: ExecutionContext) => writeRequest(execution));

export function eventMetadata({ actor, requestId }: RequestContext): EventMetadata {
  return { actor, correlationId: requestId, causationId: null };
}

const PRINTABLE = /^[\x20-\x7e]{1,255}$/;
const MALFORMED =
  'Idempotency-Key must be 1 to 255 printable ASCII characters, such as a UUID that you make for the change.';

function idempotencyClaim(request: FastifyRequest): IdempotencyClaim | undefined {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key !== 'string' || !PRINTABLE.test(key)) {
    throw new Problem('validation-failed', MALFORMED, {
      errors: [{ pointer: 'Idempotency-Key', code: 'validation-failed', detail: MALFORMED }],
    });
  }
  const { actor } = principalOf(request);
  const callerId = actor.sessionId ?? actor.keyId;
  return { callerId, key, requestHash: hashOf(request), secret: credentialOf(request)?.text ?? '' };
}

/** White space and the order of members do not matter. Without `Postern-Guard`: a refused change may be sent with `accept` and the same key. */
function hashOf({ method, routeOptions, params, headers, body }: FastifyRequest): Buffer {
  const request = [method, routeOptions.url, params, strongTags(headers['if-match'] ?? ''), body ?? null];
  return createHash('sha256').update(JSON.stringify(request, membersSorted), 'utf8').digest();
}

function membersSorted(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

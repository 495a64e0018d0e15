import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { DomainRefusal } from '@postern/restrictions';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { hasBody } from '../request/json-body.js';
import { setCommonHeaders } from '../request/guard-requests.js';
import { databaseFailures, databaseProblem } from './database-problem.js';
import { Problem } from './problem.js';

/** Any error that is not a problem is a defect: 500, logged completely, answered without detail. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('http');

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    this.answer(error, request, reply);
  }

  /** Also Fastify's error handler, for errors before a route is reached. */
  answer(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const problem = this.translate(error, request);
    if (problem.options.databaseFailed) databaseFailures.inc();
    // A service that is not ready gives this answer to each probe; the cause is logged separately.
    if (problem.status >= 500 && problem.code !== 'not-ready') {
      this.logger.error({
        requestId: request.id,
        code: problem.code,
        err: problem.code === 'internal-error' ? error : String(error),
      });
    }
    if (reply.sent || reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    const text = JSON.stringify(problem.toJson(request.id));
    const unread = request.method !== 'HEAD' && hasBody(request) && !request.raw.readableEnded;
    if (unread) void reply.headers({ connection: 'close', 'content-length': String(Buffer.byteLength(text)) });
    void setCommonHeaders(request, reply)
      .status(problem.status)
      .headers({ ...problem.options.headers })
      .header('content-type', 'application/problem+json; charset=utf-8')
      .send(unread ? answerAboveBody(text, request.raw) : text);
  }

  private translate(error: unknown, request: FastifyRequest): Problem {
    return (
      problemOf(error) ??
      fastifyProblem(error, request) ??
      new Problem('internal-error', 'The request failed. Send it again. If it fails again, give support the requestId.')
    );
  }
}

/** Null for a defect. */
export function problemOf(error: unknown): Problem | null {
  if (error instanceof Problem) return error;
  if (error instanceof DomainRefusal) return new Problem(error.code, error.message, { errors: error.errors });
  return temporaryProblem(error) ?? databaseProblem(error);
}

function fastifyProblem(error: unknown, request: FastifyRequest): Problem | null {
  const code = (error as { code?: unknown }).code;
  const status = error instanceof HttpException ? error.getStatus() : (error as { statusCode?: unknown }).statusCode;
  // 403: the file server; 414: a part of the path is too long.
  if ([403, 404, 414].includes(status as number) || code === 'FST_ERR_BAD_URL') return routeNotFound(request);
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE' || status === 413) {
    return new Problem(
      'body-too-large',
      `A body may have ${sizeOf(request.routeOptions.bodyLimit)} here. Send less at a time.`,
    );
  }
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE' || status === 415) {
    return new Problem('media-type-unsupported', 'Send JSON, with Content-Type: application/json.');
  }
  if (
    error instanceof SyntaxError ||
    code === 'FST_ERR_CTP_EMPTY_JSON_BODY' ||
    code === 'FST_ERR_CTP_INVALID_JSON_BODY' ||
    status === 400
  ) {
    return new Problem('body-not-json', `The body cannot be read as JSON: ${(error as Error).message}`);
  }
  if (typeof status === 'number' && status >= 400 && status < 500)
    return new Problem('request-malformed', `The request cannot be read: ${(error as Error).message}`);
  return null;
}

function sizeOf(bytes: number): string {
  return bytes < 1_048_576 ? `${bytes / 1_024} KiB` : `${bytes / 1_048_576} MiB`;
}

export function routeNotFound(request: FastifyRequest): Problem {
  return new Problem('route-not-found', `There is no ${request.method} ${request.url.split('?')[0]}.`);
}

interface Classified {
  readonly permanent?: boolean;
  readonly databaseFailed?: boolean;
  readonly action?: string;
}

function temporaryProblem(error: unknown): Problem | null {
  const { permanent, databaseFailed, action } = (error ?? {}) as Classified;
  if (permanent !== false || action === undefined) return null;
  return new Problem('not-ready', action, { headers: { 'retry-after': '1' }, cause: error, databaseFailed });
}

const MOST_UNREAD_BYTES = 1_048_576;
const LONGEST_UNREAD_MS = 2_000;

/** Closing the connection while a client sends would reset it: it would never read the answer (RFC 9112, 9.6). */
function answerAboveBody(text: string, request: IncomingMessage): Readable {
  return Readable.from(textThenBody(text, request), { objectMode: false });
}

async function* textThenBody(text: string, request: IncomingMessage): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
  await discarded(request);
}

function discarded(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    let left = MOST_UNREAD_BYTES;
    const count = (chunk: Buffer | string): void => {
      left -= chunk.length;
      if (left < 0) end();
    };
    const end = (): void => {
      clearTimeout(timer);
      request.off('data', count).off('end', end).off('close', end).off('error', end);
      resolve();
    };
    const timer = setTimeout(end, LONGEST_UNREAD_MS);
    request.on('end', end).on('close', end).on('error', end).on('data', count);
    if (request.readableEnded || request.destroyed) end();
  });
}

import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { Deadline } from '@postern/async';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { databaseFailed } from '../problem/database-problem.js';

/** Longer than any healthy read needs to begin its answer, shorter than a client's patience. */
export const READ_DEADLINE_MS = 8_000;

/** Answers 503 after `READ_DEADLINE_MS`. An answer that has begun has limits of its own. */
@Injectable()
export class ReadDeadline implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const { method } = http.getRequest<FastifyRequest>();
    if (method !== 'GET' && method !== 'HEAD') return next.handle();
    const reply = http.getResponse<FastifyReply>();
    const hasNotBegun = () => !reply.sent && !reply.raw.headersSent;
    const answer = () => lastValueFrom(next.handle(), { defaultValue: undefined });
    return from(Deadline.within(READ_DEADLINE_MS, answer, notAnswered, hasNotBegun));
  }
}

const notAnswered = () =>
  databaseFailed(`The database did not answer within ${READ_DEADLINE_MS / 1_000} s. Send it again shortly.`);

import {
  applyDecorators,
  HttpCode,
  Inject,
  Injectable,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { Deadline, KeyedQueue } from '@postern/async';
import { databaseFailed, Documented, Problem, type Documentation } from '@postern/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { from, lastValueFrom, map, type Observable } from 'rxjs';
import { IdempotencyStore } from './idempotency-store.js';
import { commandSeconds, commandsTotal, replaysTotal } from './metrics.js';
import { problemOf } from './problems.js';
import { requestContext, type IdempotencyClaim, type Written } from './request-context.js';

/** Longer than any healthy command takes, shorter than a client's patience. */
export const WRITE_DEADLINE_MS = 8_000;
/** Requests with one `Idempotency-Key` that run or wait in this process. */
export const MAX_REPEATS = 100;

/**
 * A route that hands a command to the CommandBus. The route is documented under the name of its method, which is also the `command` of the
 * metrics. Its method returns `Written`; `WriteInterceptor` makes the answer of it.
 */
export function Write(documentation: Omit<Documentation, 'id'>): MethodDecorator {
  const { status = 200, takes = [], tells = [] } = documentation;
  return (target, method, descriptor) =>
    applyDecorators(
      UseInterceptors(WriteInterceptor),
      HttpCode(status),
      Documented({
        ...documentation,
        id: String(method),
        takes: ['Idempotency-Key', ...takes],
        tells: [...tells, 'Idempotency-Replayed'],
      }),
    )(target, method, descriptor);
}

/** What all writes have in common: a deadline, idempotency, metrics, and the headers that tell the version. */
@Injectable()
export class WriteInterceptor implements NestInterceptor<Written, unknown> {
  private readonly repeats = new KeyedQueue(MAX_REPEATS);

  constructor(@Inject(IdempotencyStore) private readonly store: IdempotencyStore) {}

  /**
   * 503 `not-ready` after eight seconds. Whether the write was carried out by then is not known, but it is not carried out later: the
   * deadline covers every look-up too, and the journal refuses what reaches it after that.
   */
  intercept(execution: ExecutionContext, next: CallHandler<Written>): Observable<unknown> {
    const http = execution.switchToHttp();
    const reply = http.getResponse<FastifyReply>();
    const { idempotency } = requestContext(http.getRequest<FastifyRequest>());
    const carryOut = () => measured(execution.getHandler().name, () => lastValueFrom(next.handle()));
    const once = idempotency === undefined ? carryOut : () => this.once(idempotency, carryOut, reply);
    return from(Deadline.within(WRITE_DEADLINE_MS, once, notConfirmed)).pipe(map((written) => answer(reply, written)));
  }

  /**
   * The answer that was stored for the claim, or what `work` results in; `work` stores it itself, in the transaction of its events. Of two
   * requests at once the second waits. Only a success is stored: after a failure the key is free.
   * Throws 409 `idempotency-key-reused` for another request.
   */
  private once(claim: IdempotencyClaim, work: () => Promise<Written>, reply: FastifyReply): Promise<Written> {
    return this.repeats.run(`${claim.apiKeyId} ${claim.key}`, async () => {
      const first = await this.store.find(claim);
      if (first) return replayed(first, reply);
      try {
        return await work();
      } catch (error) {
        // Another process may have been faster: what it stored tells more than why this one failed.
        const theirs = await this.store.find(claim).catch(rethrowProblem);
        if (theirs) return replayed(theirs, reply);
        throw error;
      }
    });
  }
}

async function measured<T>(command: string, work: () => Promise<T>): Promise<T> {
  const stopTimer = commandSeconds.startTimer({ command });
  try {
    const result = await work();
    commandsTotal.inc({ command, outcome: 'done' });
    return result;
  } catch (error) {
    commandsTotal.inc({ command, outcome: problemOf(error)?.code ?? 'internal-error' });
    throw error;
  } finally {
    stopTimer();
  }
}

function replayed(written: Written, reply: FastifyReply): Written {
  replaysTotal.inc();
  void reply.header('idempotency-replayed', 'true');
  return written;
}

function answer(reply: FastifyReply, { body, version }: Written): unknown {
  if (version !== undefined) {
    void reply.header('postern-version', String(version));
    if (body !== null) void reply.header('etag', `"${version}"`);
  }
  return body ?? undefined;
}

/** Where the database is gone for the second look-up too, the first failure is answered. */
function rethrowProblem(error: unknown): null {
  if (error instanceof Problem) throw error;
  return null;
}

function notConfirmed(): Problem {
  return databaseFailed(
    `The database did not confirm the change within ${WRITE_DEADLINE_MS / 1000} s. It is not carried out any more, but may have been: read the present state, then send it again if need be.`,
  );
}

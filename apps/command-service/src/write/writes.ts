import { applyDecorators, HttpCode, Inject, Injectable } from '@nestjs/common';
import { CommandBus, type Command } from '@nestjs/cqrs';
import { Deadline, KeyedQueue } from '@postern/async';
import { databaseFailed, Described, Problem, problemOf, type Documentation } from '@postern/http';
import { IdempotencyStore } from './idempotency-store.js';
import { commandSeconds, commandsTotal, replaysTotal } from './metrics.js';
import type { IdempotencyClaim, WriteRequest, Written } from './request-context.js';

/** Longer than any healthy command, shorter than a client's patience. */
export const WRITE_DEADLINE_MS = 8_000;
/** Requests with the same `Idempotency-Key` that run or wait in this process. */
export const MAX_REPEATS = 100;

export function Write(documentation: Documentation): MethodDecorator {
  const { status = 200, takes = [], responseHeaders = [] } = documentation;
  return applyDecorators(
    HttpCode(status),
    Described({
      ...documentation,
      takes: ['Idempotency-Key', ...takes],
      responseHeaders: [...responseHeaders, 'Idempotency-Replayed'],
    }),
  );
}

/** What all writes share: deadline, idempotency, metrics, and the headers with the version. */
@Injectable()
export class Writes {
  private readonly repeats = new KeyedQueue(MAX_REPEATS);

  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(IdempotencyStore) private readonly store: IdempotencyStore,
  ) {}

  /**
   * Returns the answer's body; 503 `not-ready` after eight seconds. The write may have succeeded then, but it cannot take effect later:
   * the deadline covers every look-up, and the journal refuses later appends.
   */
  async carryOut<Body>(request: WriteRequest, command: Command<Written<Body>>): Promise<Body> {
    const { idempotency, operation, setHeader } = request;
    const work = () => measured(operation, () => this.commands.execute(command));
    const once = idempotency ? () => this.once(request, idempotency, work) : work;
    const { body, version } = await Deadline.within(WRITE_DEADLINE_MS, once, notConfirmed);
    if (version !== undefined) {
      setHeader('postern-version', String(version));
      if (body !== null) setHeader('etag', `"${version}"`);
    }
    return (body ?? undefined) as Body;
  }

  /**
   * A second request waits for the first. `work` stores its answer, if it succeeds, in the transaction of its events.
   * @throws 409 `idempotency-key-reused`.
   */
  private once<Body>(
    { setHeader }: WriteRequest,
    claim: IdempotencyClaim,
    work: () => Promise<Written<Body>>,
  ): Promise<Written<Body>> {
    const replayed = (written: Written): Written<Body> => {
      replaysTotal.inc();
      setHeader('idempotency-replayed', 'true');
      return written as Written<Body>;
    };
    return this.repeats.run(`${claim.callerId} ${claim.key}`, async () => {
      const first = await this.store.find(claim);
      if (first) return replayed(first);
      try {
        return await work();
      } catch (error) {
        // Another process may have been faster: return its stored answer instead of this failure.
        const theirs = await this.store.find(claim).catch(rethrowProblem);
        if (theirs) return replayed(theirs);
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

/** If the database fails again, answer with the first failure. */
function rethrowProblem(error: unknown): null {
  if (error instanceof Problem) throw error;
  return null;
}

function notConfirmed(): Problem {
  return databaseFailed(
    `The database did not confirm the change within ${WRITE_DEADLINE_MS / 1000} s. It is not carried out any more, but may have been: read the present state, then send it again if need be.`,
  );
}

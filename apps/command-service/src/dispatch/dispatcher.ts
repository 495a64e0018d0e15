import { Inject, Injectable } from '@nestjs/common';
import { CommandBus, type Command } from '@nestjs/cqrs';
import { withinDeadline } from '@postern/async';
import { Problem, type RequestContext } from '@postern/service-kit';
import { Repeats } from '../idempotency/repeats.js';
import { problemOf } from '../problems/problems.js';
import { commandSeconds, commandsTotal } from './command-metrics.js';

/** Longer than any healthy command takes, shorter than a client's patience. */
export const COMMAND_DEADLINE_MS = 8_000;

/** What all commands have. */
type CommandOf<Result> = Command<Result> & { readonly context: RequestContext };

/** Hands a command to its handler by way of the CommandBus, measures it, and answers even where the database does not. */
@Injectable()
export class Dispatcher {
  constructor(
    @Inject(CommandBus) private readonly bus: CommandBus,
    @Inject(Repeats) private readonly repeats: Repeats,
  ) {}

  /**
   * The handler's result; with an `Idempotency-Key`, the first one. Throws what the handler throws, or 503 `not-ready`
   * after eight seconds: whether it was carried out is then not known.
   */
  execute<Result>(command: CommandOf<Result>): Promise<Result> {
    const { idempotency } = command.context;
    if (idempotency === undefined) return this.carryOut(command);
    return this.repeats.once(idempotency, () => this.carryOut(command));
  }

  private async carryOut<Result>(command: CommandOf<Result>): Promise<Result> {
    const name = command.constructor.name;
    const stopTimer = commandSeconds.startTimer({ command: name });
    try {
      const result = await withinDeadline(
        this.bus.execute<Command<Result>, Result>(command),
        COMMAND_DEADLINE_MS,
        notConfirmed,
      );
      commandsTotal.inc({ command: name, outcome: 'done' });
      return result;
    } catch (error) {
      commandsTotal.inc({ command: name, outcome: problemOf(error)?.code ?? 'internal-error' });
      throw error;
    } finally {
      stopTimer();
    }
  }
}

function notConfirmed(): Problem {
  return new Problem(
    'not-ready',
    `The database did not confirm the change within ${COMMAND_DEADLINE_MS / 1000} s. Read the present state, then send it again if need be.`,
    { headers: { 'retry-after': '1' } },
  );
}

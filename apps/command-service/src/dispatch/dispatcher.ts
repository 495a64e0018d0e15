import { Inject, Injectable } from '@nestjs/common';
import { CommandBus, type Command } from '@nestjs/cqrs';
import { Deadline } from '@postern/async';
import { Problem, type RequestContext } from '@postern/http';
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
   * after eight seconds. What was carried out by then is not known, but nothing is carried out later: the deadline covers every
   * look-up too, and the journal refuses what reaches it after that.
   */
  execute<Result>(command: CommandOf<Result>): Promise<Result> {
    const { idempotency } = command.context;
    const work = () => this.carryOut(command);
    const once = idempotency === undefined ? work : () => this.repeats.once(idempotency, work);
    return Deadline.within(COMMAND_DEADLINE_MS, once, notConfirmed);
  }

  private async carryOut<Result>(command: CommandOf<Result>): Promise<Result> {
    const name = command.constructor.name;
    const stopTimer = commandSeconds.startTimer({ command: name });
    try {
      const result = await this.bus.execute<Command<Result>, Result>(command);
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
    `The database did not confirm the change within ${COMMAND_DEADLINE_MS / 1000} s. It is not carried out any more, but may have been: read the present state, then send it again if need be.`,
    { headers: { 'retry-after': '1' } },
  );
}

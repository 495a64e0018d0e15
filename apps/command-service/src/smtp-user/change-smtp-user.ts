import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { KeyedQueue } from '@postern/async';
import { newId, smtpUserStream, type SmtpUserEvent } from '@postern/contracts';
import { VersionConflict } from '@postern/event-store';
import {
  decide,
  DomainRefusal,
  evolve,
  requireRegistered,
  type SmtpUserCommand,
  type SmtpUserState,
} from '@postern/restrictions';
import { Problem, sqlState } from '@postern/http';
import type { EntityManager } from 'typeorm';
import { EventWriter } from '../write/event-writer.js';
import { requireVersion } from '../write/expected-version.js';
import { conflictsTotal } from '../write/metrics.js';
import type { Written } from '../write/request-context.js';
import { LockoutGuard } from './lockout-guard.js';
import { SmtpUserStates } from './smtp-user-states.js';
import type { Target } from './target.js';
import { movesUsername, moveUsernames } from './usernames.js';

/**
 * Decides again if the user was changed in between.
 * @throws `DomainRefusal`; 412 `version-mismatch`, 409 `username-taken`, `lockout-risk`; `QueueFull`; the journal's errors.
 */
export class ChangeSmtpUser<Body> extends Command<Written<Body>> {
  constructor(
    readonly target: Target,
    readonly change: SmtpUserCommand,
    readonly show: (state: SmtpUserState, now: Date) => Body,
  ) {
    super();
  }
}

/** Attempts without a lock. Then the stream is locked, because otherwise a process that appends often would always win. */
const FREE_ATTEMPTS = 3;

export const MAX_WRITES_OF_ONE_USER = 1_000;

@CommandHandler(ChangeSmtpUser)
export class ChangeSmtpUserHandler implements ICommandHandler<ChangeSmtpUser<unknown>> {
  private readonly queue = new KeyedQueue(MAX_WRITES_OF_ONE_USER);

  constructor(
    @Inject(EventWriter) private readonly writer: EventWriter,
    @Inject(SmtpUserStates) private readonly states: SmtpUserStates,
    @Inject(LockoutGuard) private readonly lockoutGuard: LockoutGuard,
  ) {}

  execute(command: ChangeSmtpUser<unknown>): Promise<Written> {
    const { smtpUserId } = command.target.user;
    return this.queue.run(smtpUserId, async () => {
      for (let attempt = 1; attempt <= FREE_ATTEMPTS; attempt++) {
        try {
          return await this.attempt(command, attempt === 1);
        } catch (error) {
          if (!isOvertaken(error)) throw error;
          conflictsTotal.inc();
        }
      }
      return this.writer.whileLocked(smtpUserStream(smtpUserId), (locked) => this.attempt(command, false, locked));
    });
  }

  private async attempt(
    command: ChangeSmtpUser<unknown>,
    trustMemory: boolean,
    locked?: EntityManager,
  ): Promise<Written> {
    const { user, context, guard } = command.target;
    const now = new Date();
    // A remembered state may be old; the append finds out. A refusal of the guard has no append, so it needs the current state.
    const remembered = trustMemory && !guard ? this.states.remembered(user) : undefined;
    let state = remembered ?? (await this.states.current(user));
    let events = remembered ? unlessRefused(() => judge(command, state, now)) : judge(command, state, now);
    if (remembered && events.length === 0) {
      // A refusal, or no change, has no append that checks the state: decide again by the journal's state.
      state = await this.states.current(user);
      events = judge(command, state, now);
    }
    const next = events.reduce<SmtpUserState>(evolve, state);
    if (guard && events.length > 0) await this.lockoutGuard.check(guard, user, { before: state, after: next, now });
    const answer: Written = { body: command.show(next, now), version: next.version };
    await this.writer.write(
      {
        tenantId: user.tenantId,
        streamId: smtpUserStream(user.smtpUserId),
        expectedVersion: state.version,
        events,
        context,
        answer,
        also: events.some(movesUsername) ? (manager) => moveUsernames(manager, user, events) : undefined,
      },
      locked,
    );
    // With `locked`, the transaction is still open and may roll back.
    if (!locked) this.states.remember(user, next);
    return answer;
  }
}

function judge({ change, target }: ChangeSmtpUser<unknown>, state: SmtpUserState, now: Date): SmtpUserEvent[] {
  const { expected, context } = target;
  if (expected !== null) requireVersion(expected, requireRegistered(state).version);
  return decide(change, state, { now, actorName: context.actor.name, newId });
}

/** Another process changed the user, or PostgreSQL ended one of two renames that deadlocked. */
function isOvertaken(error: unknown): boolean {
  return error instanceof VersionConflict || sqlState(error) === '40P01';
}

function unlessRefused(judged: () => SmtpUserEvent[]): SmtpUserEvent[] {
  try {
    return judged();
  } catch (error) {
    if (error instanceof DomainRefusal || error instanceof Problem) return [];
    throw error;
  }
}

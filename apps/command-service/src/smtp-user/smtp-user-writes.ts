import { Inject, Injectable } from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import { KeyedQueue } from '@postern/async';
import { newId, smtpUserStream, type SmtpUserEvent } from '@postern/contracts';
import { Journal, lockStream, VersionConflict, type Append } from '@postern/event-store';
import {
  decide,
  DomainRefusal,
  evolve,
  requireRegistered,
  type SmtpUserCommand,
  type SmtpUserState,
} from '@postern/restrictions';
import { eventMetadata, Problem, sqlState, type RequestContext } from '@postern/http';
import type { DataSource, EntityManager } from 'typeorm';
import { CLOCK, type Clock } from '../clock.js';
import { conflictsTotal } from '../dispatch/command-metrics.js';
import type { ExpectedVersions } from '../http/if-match.js';
import { keepAnswer } from '../idempotency/kept-answers.js';

import { SmtpUserStates, type SmtpUserRef } from './smtp-user-states.js';
import { movesUsername, moveUsernames } from './usernames.js';

/** What a command came to upon the state that it was judged by. */
interface Decided {
  readonly state: SmtpUserState;
  readonly events: SmtpUserEvent[];
}

/** A command on one SMTP user, with who sent it and which versions it may be applied to. */
export interface SmtpUserWrite {
  readonly user: SmtpUserRef;
  readonly command: SmtpUserCommand;
  readonly context: RequestContext;
  readonly expected: ExpectedVersions;
}

/**
 * So often it is tried without holding the stream. Then it is held: a process that has just appended knows the newest
 * state without asking, and would win against one that must load it for as long as it has changes to make.
 */
const FREE_ATTEMPTS = 3;

/** Changes of one SMTP user that run or wait in this process. */
export const MAX_WRITES_OF_ONE_USER = 1_000;

type AnswerOf<Answer> = (state: SmtpUserState) => Answer;

/** Load, decide, append: the one way in which an SMTP user is changed. */
@Injectable()
export class SmtpUserWrites {
  private readonly queue = new KeyedQueue(MAX_WRITES_OF_ONE_USER);

  constructor(
    @Inject(Journal) private readonly journal: Journal,
    @Inject(getDataSourceToken('postern_journal_writer')) private readonly writer: DataSource,
    @Inject(SmtpUserStates) private readonly states: SmtpUserStates,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Carries the command out and returns `answerOf` the state after it, durable; with an `Idempotency-Key` the answer is
   * kept in the same transaction. Where another process was faster it is decided again.
   * Throws a `DomainRefusal`; the problems `version-mismatch` and `username-taken`; `QueueFull`; the journal's errors.
   */
  write<Answer>(write: SmtpUserWrite, answerOf: AnswerOf<Answer>): Promise<Answer> {
    return this.queue.run(write.user.smtpUserId, () => this.inTurn(write, answerOf));
  }

  private async inTurn<Answer>(write: SmtpUserWrite, answerOf: AnswerOf<Answer>): Promise<Answer> {
    for (let attempt = 1; attempt <= FREE_ATTEMPTS; attempt++) {
      try {
        return await this.attempt(write, answerOf, await this.decided(write, attempt === 1));
      } catch (error) {
        if (!isOvertaken(error)) throw error;
        conflictsTotal.inc();
      }
    }
    return this.writer.transaction(async (manager) => {
      await lockStream(manager, smtpUserStream(write.user.smtpUserId));
      return this.attempt(write, answerOf, await this.decided(write, false), manager);
    });
  }

  /** `holder`: the transaction that holds the stream, where one does. */
  private async attempt<Answer>(
    write: SmtpUserWrite,
    answerOf: AnswerOf<Answer>,
    { state, events }: Decided,
    holder?: EntityManager,
  ): Promise<Answer> {
    const { user, context } = write;
    const next = events.reduce<SmtpUserState>((before, event) => evolve(before, event), state);
    const answer = answerOf(next);
    if (events.length > 0) await this.append(write, state, events, answer, holder);
    else if (context.idempotency) await keepAnswer(holder ?? this.writer, context.idempotency, answer);
    // Not what a transaction that is still open has decided: it may not commit.
    if (!holder) this.states.remember(user, next);
    return answer;
  }

  /**
   * Decides on the remembered state first: if it is old, the append finds out. A refusal, or nothing to be done, has no
   * append to prove the state by, so that is decided on what the journal has now.
   */
  private async decided(write: SmtpUserWrite, trustMemory: boolean): Promise<Decided> {
    const remembered = trustMemory ? this.states.remembered(write.user) : undefined;
    if (remembered !== undefined) {
      const events = unlessRefused(() => this.judge(write, remembered));
      if (events.length > 0) return { state: remembered, events };
    }
    const state = await this.states.current(write.user);
    return { state, events: this.judge(write, state) };
  }

  private judge({ command, context, expected }: SmtpUserWrite, state: SmtpUserState): SmtpUserEvent[] {
    if (expected !== null && !expected.includes(requireRegistered(state).version)) throw versionMismatch(state.version);
    return decide(command, state, { now: this.clock(), actorName: context.actor.name, newId });
  }

  private async append(
    { user, context }: SmtpUserWrite,
    state: SmtpUserState,
    events: readonly SmtpUserEvent[],
    answer: unknown,
    holder: EntityManager | undefined,
  ): Promise<void> {
    const append: Append = {
      tenantId: user.tenantId,
      streamId: smtpUserStream(user.smtpUserId),
      expectedVersion: state.version,
      events,
      metadata: eventMetadata(context),
    };
    const { idempotency } = context;
    if (!holder && idempotency === undefined && !events.some(movesUsername)) {
      await this.journal.append(append);
      return;
    }
    // The journal wants to be the transaction's first statement: its locks come before any other.
    const within = async (manager: EntityManager): Promise<void> => {
      await this.journal.appendWithin(manager, append);
      if (idempotency) await keepAnswer(manager, idempotency, answer);
      await moveUsernames(manager, user, events);
    };
    await (holder ? within(holder) : this.writer.transaction(within));
  }
}

/** Another process changed the user; or two renames wanted each other's username, of which PostgreSQL ended one. */
function isOvertaken(error: unknown): boolean {
  return error instanceof VersionConflict || sqlState(error) === '40P01';
}

function unlessRefused(judge: () => SmtpUserEvent[]): SmtpUserEvent[] {
  try {
    return judge();
  } catch (error) {
    if (error instanceof DomainRefusal || error instanceof Problem) return [];
    throw error;
  }
}

function versionMismatch(version: number): Problem {
  return new Problem(
    'version-mismatch',
    `It is at version ${version} by now. Read it again, apply your change to that, and send it with If-Match: "${version}".`,
    { extra: { version }, headers: { etag: `"${version}"` } },
  );
}

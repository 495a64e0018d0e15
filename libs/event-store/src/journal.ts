import { Deadline } from '@postern/async';
import { DatabaseClock } from '@postern/database';
import type { DataSource, EntityManager } from 'typeorm';
import { AppendExpired, JournalBusy, JournalUnavailable, failureError, failureKind } from './append-errors.js';
import {
  outcomeOf,
  type Appended,
  type BatchAnswer,
  appendRequest,
  type Append,
  type AppendRequest,
} from './append-request.js';
import { GroupCommit, type GroupCommitLimits, type Sized } from './group-commit.js';

interface Waiting extends Sized {
  readonly request: AppendRequest;
  /** Of who appends; null where the append has none. */
  readonly deadline: Deadline | null;
  readonly settle: (outcome: Appended | Error) => void;
}

/** One batch, and what may wait for its turn. */
export const JOURNAL_LIMITS: GroupCommitLimits = {
  inFlight: 1,
  items: 512,
  weight: 512,
  bytes: 1024 * 1024,
  waitingItems: 4_096,
  waitingBytes: 32 * 1024 * 1024,
};

/** An append is made within this, where who appends has no deadline. */
const APPEND_WITHIN_MS = 30_000;
/** An append that ends so shortly before its deadline is refused by the database, so that the refusal still arrives. */
const ANSWER_MS = 250;

/** The journal's front door for writing. */
export class Journal {
  readonly #commits: GroupCommit<Waiting>;
  readonly #clock = new DatabaseClock();
  #stopped = false;

  /** `writer` is connected as `postern_journal_writer`. */
  constructor(
    private readonly writer: DataSource,
    limits: Partial<GroupCommitLimits> = {},
  ) {
    this.#commits = new GroupCommit({ ...JOURNAL_LIMITS, ...limits }, (batch) => this.#send(batch));
  }

  /** Appends that wait for their turn. */
  get waiting(): number {
    return this.#commits.waiting;
  }

  /**
   * Resolves when the events are durable. Concurrent appends share one commit, and each has its own outcome.
   * Throws `VersionConflict`, `EventExists`, `AppendRefused`, `AppendExpired`, `JournalBusy`: nothing was appended;
   * `JournalUnavailable`: whether it was is not known. After the caller's `Deadline` nothing is appended any more.
   */
  append(append: Append): Promise<Appended> {
    return new Promise((resolve, reject) => {
      if (this.#stopped) throw new JournalUnavailable('this process is stopping. Try again.');
      const request = appendRequest(append);
      const accepted = this.#commits.offer({
        request,
        weight: request.events,
        bytes: request.json.length,
        deadline: Deadline.current,
        settle: (outcome) => (outcome instanceof Error ? reject(outcome) : resolve(outcome)),
      });
      if (!accepted) throw new JournalBusy();
    });
  }

  /**
   * Appends in the caller's transaction, which must have written nothing before: the database refuses it else, because
   * the transaction's place in the feed would be older than its place in the stream. Throws as `append` does, but
   * `JournalBusy`; after `VersionConflict` and `EventExists` the transaction can go on.
   */
  async appendWithin(manager: EntityManager, append: Append): Promise<Appended> {
    const request = appendRequest(append);
    const answer = await this.#call(manager, [request], Deadline.current).catch((error: unknown) => {
      throw failureError(error);
    });
    const outcome = outcomeOf(answer, 0, request);
    if (outcome instanceof Error) throw outcome;
    return outcome;
  }

  /** Takes no more appends and waits for those that were taken. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#commits.idle();
  }

  async #send(taken: readonly Waiting[]): Promise<void> {
    const batch = taken.filter((waiting) => !this.#isExpired(waiting));
    if (batch.length === 0) return;
    try {
      const answer = await this.#callWithin(batch);
      for (const [i, { request, settle }] of batch.entries()) settle(outcomeOf(answer, i, request));
    } catch (error) {
      if (failureKind(error) === 'unavailable') this.#giveUp(batch, error);
      else await this.#sendOneByOne(batch);
    }
  }

  /** The whole batch was rolled back because of some of its appends: those alone must fail. */
  async #sendOneByOne(batch: readonly Waiting[]): Promise<void> {
    for (const [i, waiting] of batch.entries()) {
      if (this.#isExpired(waiting)) continue;
      const { request, settle } = waiting;
      try {
        settle(outcomeOf(await this.#callWithin([waiting]), 0, request));
      } catch (error) {
        if (failureKind(error) === 'unavailable') return this.#giveUp(batch.slice(i), error);
        settle(failureError(error));
      }
    }
  }

  /** Settles an append for which no time is left: it is not sent. */
  #isExpired({ deadline, settle }: Waiting): boolean {
    if (deadline === null || deadline.leftMs > ANSWER_MS) return false;
    settle(new AppendExpired());
    return true;
  }

  /** Within the earliest deadline of the batch, whoever started it. */
  #callWithin(batch: readonly Waiting[]): Promise<BatchAnswer> {
    const earliest = batch.reduce<Deadline | null>(
      (first, { deadline }) => (deadline && !(first && first.leftMs <= deadline.leftMs) ? deadline : first),
      null,
    );
    const requests = batch.map(({ request }) => request);
    return Deadline.run(earliest, () => this.#call(this.writer, requests, earliest));
  }

  async #call(
    to: DataSource | EntityManager,
    requests: readonly AppendRequest[],
    deadline: Deadline | null,
  ): Promise<BatchAnswer> {
    const left = (deadline?.leftMs ?? APPEND_WITHIN_MS) - ANSWER_MS;
    if (left <= 0) throw new AppendExpired();
    try {
      const notAfter = await this.#clock.in(left, to);
      const batch = `[${requests.map(({ json }) => json).join(',')}]`;
      const rows = await to.query<{ answer: BatchAnswer }[]>(
        'SELECT journal.append_before($1::jsonb, $2::timestamptz) AS answer',
        [batch, notAfter],
      );
      const answer = rows[0]?.answer;
      if (!answer) throw new JournalUnavailable('journal.append_before answered nothing.');
      this.#clock.heard(Date.parse(answer.recordedAt));
      return answer;
    } catch (error) {
      this.#clock.forget();
      throw error;
    }
  }

  /** Who waits is refused too, instead of one connection time-out after the other; the next append tries again. */
  #giveUp(batch: readonly Waiting[], error: unknown): void {
    for (const { settle } of [...batch, ...this.#commits.drain()]) settle(failureError(error));
  }
}

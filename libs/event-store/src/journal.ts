import { setImmediate as afterThisTurn } from 'node:timers/promises';
import { Deadline } from '@postern/async';
import { DatabaseClock } from '@postern/database';
import type { DataSource, EntityManager } from 'typeorm';
import { AppendExpired, failureError, failureKind, JournalBusy, JournalUnavailable } from './append-errors.js';
import { AppendQueue, JOURNAL_LIMITS, type Waiting } from './append-queue.js';
import {
  appendRequest,
  outcomeOf,
  type Append,
  type Appended,
  type AppendRequest,
  type BatchAnswer,
} from './append-request.js';

/** An append is made within this, where who appends has no deadline. */
const APPEND_WITHIN_MS = 30_000;
/** An append that ends so shortly before its deadline is refused by the database, so that the refusal still arrives. */
const ANSWER_MS = 250;

/** Where events are appended. */
export class Journal {
  readonly #queue: AppendQueue;
  readonly #clock = new DatabaseClock();
  #isSending = false;
  #sent: Promise<void> = Promise.resolve();
  #stopped = false;

  /** `writer` is connected as `postern_journal_writer`. */
  constructor(
    private readonly writer: DataSource,
    limits: Partial<typeof JOURNAL_LIMITS> = {},
  ) {
    this.#queue = new AppendQueue({ ...JOURNAL_LIMITS, ...limits });
  }

  /** Appends that wait for their turn. */
  get waiting(): number {
    return this.#queue.length;
  }

  /**
   * Resolves when the events are durable. Concurrent appends share one commit, and each has its own outcome.
   * Throws `VersionConflict`, `EventExists`, `AppendRefused`, `AppendExpired`, `JournalBusy`: nothing was appended;
   * `JournalUnavailable`: whether it was is not known. After the caller's `Deadline` nothing is appended any more.
   */
  async append(append: Append): Promise<Appended> {
    const [appended] = await this.#offer([append]);
    if (!appended) throw new JournalUnavailable('journal.append_before answered nothing.');
    return appended;
  }

  /** The same for appends that belong together, such as those of one report: all of them are appended, or none. It costs less than one by one. */
  appendAll(appends: readonly (Append & { readonly expectedVersion: 'any' })[]): Promise<readonly Appended[]> {
    return this.#offer(appends);
  }

  #offer(appends: readonly Append[]): Promise<readonly Appended[]> {
    return new Promise((resolve, reject) => {
      if (this.#stopped) throw new JournalUnavailable('this process is stopping. Try again.');
      const requests = appends.map(appendRequest);
      const accepted = this.#queue.offer({
        requests,
        events: requests.reduce((sum, { events }) => sum + events, 0),
        bytes: requests.reduce((sum, { json }) => sum + json.length, 0),
        deadline: Deadline.current,
        settle: (outcomes) => {
          if (outcomes instanceof Error) return reject(outcomes);
          const failed = outcomes.find((outcome) => outcome instanceof Error);
          return failed ? reject(failed) : resolve(outcomes as readonly Appended[]);
        },
      });
      if (!accepted) throw new JournalBusy();
      if (!this.#isSending) this.#sent = this.#sendAll();
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
    await this.#sent;
  }

  /** One batch at a time. Each is taken after a turn of the event loop, so that whoever was just answered can have its next append in it. */
  async #sendAll(): Promise<void> {
    this.#isSending = true;
    while (this.#queue.length > 0) {
      await afterThisTurn();
      await this.#send(this.#queue.take());
    }
    this.#isSending = false;
  }

  async #send(taken: readonly Waiting[]): Promise<void> {
    const batch = taken.filter((waiting) => !this.#isExpired(waiting));
    if (batch.length === 0) return;
    try {
      await this.#callWithin(batch);
    } catch (error) {
      if (failureKind(error) === 'unavailable') this.#giveUp(batch, error);
      else await this.#sendOneByOne(batch);
    }
  }

  /** The batch was rolled back because of some of its appends: those alone must fail. */
  async #sendOneByOne(batch: readonly Waiting[]): Promise<void> {
    for (const [i, waiting] of batch.entries()) {
      if (this.#isExpired(waiting)) continue;
      try {
        await this.#callWithin([waiting]);
      } catch (error) {
        if (failureKind(error) === 'unavailable') return this.#giveUp(batch.slice(i), error);
        waiting.settle(failureError(error));
      }
    }
  }

  /** Settles an append for which no time is left: it is not sent. */
  #isExpired({ deadline, settle }: Waiting): boolean {
    if (deadline === null || deadline.leftMs > ANSWER_MS) return false;
    settle(new AppendExpired());
    return true;
  }

  /** Within the earliest deadline of the batch, whoever started it; settles each. */
  async #callWithin(batch: readonly Waiting[]): Promise<void> {
    const earliest = batch.reduce<Deadline | null>(
      (first, { deadline }) => (deadline && !(first && first.leftMs <= deadline.leftMs) ? deadline : first),
      null,
    );
    const all = batch.flatMap(({ requests }) => requests);
    const answer = await Deadline.run(earliest, () => this.#call(this.writer, all, earliest));
    let index = 0;
    for (const { requests, settle } of batch) settle(requests.map((request) => outcomeOf(answer, index++, request)));
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
    for (const { settle } of [...batch, ...this.#queue.drain()]) settle(failureError(error));
  }
}

/**
 * Holds the stream for the transaction: until it ends, nobody else appends to it. The lock is the one that
 * `journal.append` takes, and like there it takes no xid, so that `appendWithin` may follow. As `postern_journal_writer`.
 */
export async function lockStream(manager: EntityManager, streamId: string): Promise<void> {
  await manager.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 8025))', [streamId]);
}

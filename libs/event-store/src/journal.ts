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

const DEFAULT_DEADLINE_MS = 30_000;
/** The database refuses an append that would end this close to its deadline, so that the refusal still arrives. */
const ANSWER_MS = 250;

export class Journal {
  readonly #queue: AppendQueue;
  readonly #clock = new DatabaseClock();
  #isSending = false;
  #sent: Promise<void> = Promise.resolve();
  #stopped = false;

  /** @param writer connected as `postern_journal_writer`. */
  constructor(
    private readonly writer: DataSource,
    limits: Partial<typeof JOURNAL_LIMITS> = {},
  ) {
    this.#queue = new AppendQueue({ ...JOURNAL_LIMITS, ...limits });
  }

  get waiting(): number {
    return this.#queue.length;
  }

  /**
   * Resolves when the events are durable. After the caller's `Deadline` nothing is appended.
   * @throws `VersionConflict`, `EventExists`, `AppendRefused`, `AppendExpired`, `JournalBusy`: nothing was appended; `JournalUnavailable`: unknown.
   */
  async append(append: Append): Promise<Appended> {
    const [appended] = await this.#offer([append]);
    if (!appended) throw new JournalUnavailable('journal.append_before answered nothing.');
    return appended;
  }

  /** For appends that belong together, such as a report: all of them are appended, or none. Cheaper than one by one. */
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
   * The database refuses a transaction that has written before: its events would be older in the feed than in the stream.
   * @throws the errors of `append` except `JournalBusy`. After `VersionConflict` and `EventExists` the transaction can continue.
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

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#sent;
  }

  /** One batch at a time. A turn of the event loop before each one lets a caller that was just answered join it. */
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

  /** The batch was rolled back because of some of its appends: only those must fail. */
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

  /** Settles an append without time left; it is not sent. */
  #isExpired({ deadline, settle }: Waiting): boolean {
    if (deadline === null || deadline.leftMs > ANSWER_MS) return false;
    settle(new AppendExpired());
    return true;
  }

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
    const left = (deadline?.leftMs ?? DEFAULT_DEADLINE_MS) - ANSWER_MS;
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

  /** Also refuses what waits, instead of one connection time-out after the other. The next append tries again. */
  #giveUp(batch: readonly Waiting[], error: unknown): void {
    for (const { settle } of [...batch, ...this.#queue.drain()]) settle(failureError(error));
  }
}

/** With the lock of `journal.append`. It takes no xid, so `appendWithin` may follow. As `postern_journal_writer`. */
export async function lockStream(manager: EntityManager, streamId: string): Promise<void> {
  await manager.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 8025))', [streamId]);
}

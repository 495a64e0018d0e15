import type { DataSource, EntityManager } from 'typeorm';
import { JournalBusy, JournalUnavailable } from './append-errors.js';
import { failureError, failureKind } from './append-failure.js';
import { outcomeOf, type Appended, type BatchAnswer } from './append-outcome.js';
import { appendRequest, type Append, type AppendRequest } from './append-request.js';
import { GroupCommit, type GroupCommitLimits, type Sized } from './group-commit.js';

interface Waiting extends Sized {
  readonly request: AppendRequest;
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

/** The journal's front door for writing. */
export class Journal {
  readonly #commits: GroupCommit<Waiting>;
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
   * Throws `VersionConflict`, `EventExists`, `AppendRefused`, `JournalBusy`: nothing was appended;
   * `JournalUnavailable`: whether it was is not known.
   */
  append(append: Append): Promise<Appended> {
    return new Promise((resolve, reject) => {
      if (this.#stopped) throw new JournalUnavailable('this process is stopping. Try again.');
      const request = appendRequest(append);
      const accepted = this.#commits.offer({
        request,
        weight: request.events,
        bytes: request.json.length,
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
    const answer = await callAppend(manager, [request]).catch((error: unknown) => {
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

  async #send(batch: readonly Waiting[]): Promise<void> {
    try {
      const requests = batch.map(({ request }) => request);
      const answer = await callAppend(this.writer, requests);
      for (const [i, { request, settle }] of batch.entries()) settle(outcomeOf(answer, i, request));
    } catch (error) {
      if (failureKind(error) === 'unavailable') this.#giveUp(batch, error);
      else await this.#sendOneByOne(batch);
    }
  }

  /** The whole batch was rolled back because of some of its appends: those alone must fail. */
  async #sendOneByOne(batch: readonly Waiting[]): Promise<void> {
    for (const [i, { request, settle }] of batch.entries()) {
      try {
        settle(outcomeOf(await callAppend(this.writer, [request]), 0, request));
      } catch (error) {
        if (failureKind(error) === 'unavailable') return this.#giveUp(batch.slice(i), error);
        settle(failureError(error));
      }
    }
  }

  /** Who waits is told too, instead of one connection time-out after the other; the next append tries again. */
  #giveUp(batch: readonly Waiting[], error: unknown): void {
    for (const { settle } of [...batch, ...this.#commits.drain()]) settle(failureError(error));
  }
}

async function callAppend(to: DataSource | EntityManager, requests: readonly AppendRequest[]): Promise<BatchAnswer> {
  const batch = `[${requests.map(({ json }) => json).join(',')}]`;
  const rows = await to.query<{ answer: BatchAnswer }[]>('SELECT journal.append($1::jsonb) AS answer', [batch]);
  const row = rows[0];
  if (!row) throw new JournalUnavailable('journal.append answered nothing.');
  return row.answer;
}

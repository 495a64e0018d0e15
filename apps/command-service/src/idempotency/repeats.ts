import { Inject, Injectable } from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import { Problem, type IdempotencyClaim } from '@postern/http';
import type { DataSource } from 'typeorm';
import { findAnswer, keyInUse } from './kept-answers.js';
import { replaysTotal } from './replay-metrics.js';
import { openAnswer } from './sealed-answer.js';

/** How long a request waits for another one with the same key: less than its own deadline, to be told of the other one. */
export const REPEAT_WAIT_MS = 7_000;

/** Sees to it that a request with an `Idempotency-Key` is carried out once, and a repeat gets the first answer. */
@Injectable()
export class Repeats {
  /** The requests of this process that are on their way, by API key and idempotency key. */
  private readonly running = new Map<string, Promise<unknown>>();

  constructor(@Inject(getDataSourceToken('postern_journal_writer')) private readonly writer: DataSource) {}

  /**
   * The answer that was kept for the claim, or what `work` results in; `work` keeps it itself, in the transaction of
   * its events. Of two at once one runs, and the other waits. Only what succeeded is kept: after a failure the key is
   * free. Throws 409 `idempotency-key-reused` for another request; 503 `not-ready` where the other one takes too long.
   */
  async once<Result>(claim: IdempotencyClaim, work: () => Promise<Result>): Promise<Result> {
    const name = `${claim.apiKeyId} ${claim.key}`;
    const until = Date.now() + REPEAT_WAIT_MS;
    for (let other = this.running.get(name); other !== undefined; other = this.running.get(name)) {
      await endOf(other, until - Date.now());
    }
    const mine = this.answer(claim, work);
    this.running.set(name, mine);
    try {
      return await mine;
    } finally {
      this.running.delete(name);
    }
  }

  private async answer<Result>(claim: IdempotencyClaim, work: () => Promise<Result>): Promise<Result> {
    const kept = await this.kept(claim);
    if (kept) return kept.answer as Result;
    try {
      return await work();
    } catch (error) {
      // Another process was faster: what it kept tells more than why this one failed.
      const theirs = await this.kept(claim).catch(rethrowProblem);
      if (theirs) return theirs.answer as Result;
      throw error;
    }
  }

  private async kept(claim: IdempotencyClaim): Promise<{ readonly answer: unknown } | null> {
    const kept = await findAnswer(this.writer, claim);
    if (!kept) return null;
    if (!kept.requestHash.equals(claim.requestHash)) throw keyReused();
    const answer = openAnswer(claim, kept.sealed);
    replaysTotal.inc();
    claim.tellReplayed();
    return { answer };
  }
}

/** Waits for the other one's end, well or not. Throws where it takes too long. */
async function endOf(other: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(keyInUse()), Math.max(0, ms));
  });
  try {
    await Promise.race([other.catch(() => undefined), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A database that is gone also for the second look leaves the first failure to be told. */
function rethrowProblem(error: unknown): null {
  if (error instanceof Problem) throw error;
  return null;
}

function keyReused(): Problem {
  return new Problem(
    'idempotency-key-reused',
    'This Idempotency-Key was sent with another method, path or body within the last 24 hours. Make a new key for a new change.',
  );
}

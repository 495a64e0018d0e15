import { samePosition } from '@postern/event-store';
import type { QueryRunner } from 'typeorm';
import type { Beside } from './beside.js';
import { loadLivePlace, type LivePlace } from './live-place.js';

/** What the live consumer does while one of these is filled is little: after so many there is only the last batch. */
const ROUNDS = 3;
const ATTEMPTS = 20;

/** A snapshot in which the live tables and those beside them hold the same events. */
export interface SamePlace {
  readonly runner: QueryRunner;
  readonly place: LivePlace;
  close(): Promise<void>;
}

/**
 * Brings the tables beside to where the live consumer is, and opens a snapshot of just that moment; the live consumer waits for the last
 * batch alone, some milliseconds. The snapshot has no transaction id, so that nothing waits for it while it is read.
 */
export async function openSamePlace(beside: Beside): Promise<SamePlace> {
  const { owner, model } = beside;
  const checkpoints = `${model.schema}.checkpoints`;
  const live = (from = owner.manager) => loadLivePlace(from, checkpoints, model.consumer, beside.partitions);
  for (let round = 0; round < ROUNDS; round++) await beside.catchUp(await live());
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const runner = owner.createQueryRunner();
    try {
      const place = await owner.transaction(async (manager) => {
        await manager.query(`SELECT FROM ${checkpoints} WHERE consumer = $1 FOR UPDATE`, [model.consumer]);
        const at = await live(manager);
        await beside.catchUp(at);
        await runner.startTransaction('REPEATABLE READ');
        const seen = await live(runner.manager);
        return seen.text === at.text && samePosition(await beside.position(runner.manager), at.end) ? at : null;
      });
      // Null: a first checkpoint was written meanwhile, where there had been no row to hold.
      if (place) return { runner, place, close: () => close(runner) };
      await close(runner);
    } catch (error) {
      await close(runner);
      throw error;
    }
  }
  throw new Error(`The checkpoints of ${model.consumer} did not stand still long enough to compare. Run it again.`);
}

async function close(runner: QueryRunner): Promise<void> {
  if (runner.isReleased) return;
  if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
  await runner.release();
}

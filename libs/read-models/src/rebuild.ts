import { openDataSource } from '@postern/database';
import { NextTables } from './next-tables.js';
import type { ReadModel, Report } from './read-model.js';
import { dropOldTables, switchTables } from './switch-tables.js';

/** The look for rows that the journal does not know reads two tables of a million rows. */
const STATEMENT_TIMEOUT_MS = 1_800_000;
/** Held by the process that fills a model's tables; the database's end of a killed one's session frees it. */
const LOCK_NUMBER = 8_025_019;

export interface Rebuilt {
  readonly model: string;
  /** Of the journal, up to which the new tables were filled. */
  readonly position: number;
  /** Events that this process has applied. */
  readonly events: number;
}

/**
 * Makes a read model's tables from the journal, next to the live ones and by the consumer's own code, and replaces the live ones by them in
 * one transaction. The live consumer skips what they have, by the streams' versions. Killed before that transaction it has changed nothing.
 * With `resume` it continues what an earlier one had made.
 */
export async function rebuild(
  model: ReadModel,
  { url }: { readonly url: string },
  { resume }: { readonly resume: boolean },
  report: Report,
): Promise<Rebuilt> {
  const settings = { poolSize: 4, statementTimeoutMs: STATEMENT_TIMEOUT_MS, applicationName: 'postern-rebuild' };
  const owner = await openDataSource(url, 'owner', settings);
  const session = owner.createQueryRunner();
  try {
    const next = new NextTables(owner, model, report);
    const lock = 'SELECT pg_try_advisory_lock($1, hashtext($2)) AS free';
    const [row] = (await session.query(lock, [LOCK_NUMBER, next.schema])) as { free: boolean }[];
    if (row?.free !== true)
      throw new Error(`Another process fills ${next.schema}. Wait until it ends, and run it again.`);
    await dropOldTables(next);
    if (resume && (await next.exist())) {
      const { stream, feed } = await next.progress();
      report(
        `${model.name}: continues at ${stream ? `stream ${stream.streamId}` : `position ${feed.position}`} of the journal`,
      );
    } else {
      report(`${model.name}: the new tables are made next to the live ones`);
      await next.create();
    }
    await next.catchUp();
    report(`${model.name}: ${next.events} events applied; the new tables replace the live ones`);
    const position = await switchTables(next, report);
    return { model: model.name, position, events: next.events };
  } finally {
    await session.release();
    await owner.destroy();
  }
}

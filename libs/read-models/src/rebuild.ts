import { openDataSource } from '@postern/database';
import { NextTables } from './next-tables.js';
import type { ReadModel, Report } from './read-model.js';
import { switchTables } from './switch-tables.js';

/** For the search of rows that the journal does not have: it reads two tables of a million rows. */
const STATEMENT_TIMEOUT_MS = 1_800_000;
const LOCK_NUMBER = 8_025_019;

export interface Rebuilt {
  readonly model: string;
  readonly position: number;
  readonly events: number;
}

/**
 * Builds new tables next to the live ones, and replaces these in one transaction: before it, nothing has changed. The live consumer then skips
 * the events that the new tables have, by version. `resume` continues an unfinished rebuild.
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
    if (resume && (await next.exist())) {
      const { stream, feed } = await next.progress();
      report(
        `${model.name}: continues at ${stream ? `stream ${stream.streamId}` : `position ${feed.position}`} of the journal`,
      );
    } else {
      report(`${model.name}: the new tables are built next to the live ones`);
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

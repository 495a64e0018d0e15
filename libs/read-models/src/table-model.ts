import { openDataSource, openOwnerDataSource } from '@postern/database';
import { isBehind, JOURNAL_SOURCE, loadCheckpoint } from '@postern/event-store';
import { compareTables } from './compare.js';
import type { Persistence } from './copy-table.js';
import { REBUILD_PATIENCE_MS, VERIFY_PATIENCE_MS } from './look-again.js';
import { NextTables } from './next-tables.js';
import type { Comparison, ModelDatabases, ReadModel, Rebuildable } from './read-model.js';
import { dropOld, switchTables } from './switch-tables.js';

/** Reading ten million rows for their digest takes half a minute where they are not in memory. */
const STATEMENT_TIMEOUT_MS = 1_800_000;
/** Of the process that fills the model's tables; the database's end of a killed one's session frees it. */
const LOCK_NUMBER = 8_025_019;

/** A read model in tables of its own, verified and rebuilt by filling tables in a schema of their own from the journal. */
export function tableModel(model: ReadModel): Rebuildable {
  const { name } = model;
  const schema = `${model.schema}_${name.replaceAll('-', '_')}`;
  return {
    name,
    verify: (databases, examples, tell) =>
      withNextTables(model, databases, `${schema}_verify`, 'passing', tell, async (next) => {
        await next.begin();
        try {
          tell(`${name}: is made from the journal, next to the live one`);
          return await comparison(next, examples, VERIFY_PATIENCE_MS, tell);
        } finally {
          await next.drop();
        }
      }),
    rebuild: (databases, { examples, resume }, tell) =>
      withNextTables(model, databases, `${schema}_next`, 'kept', tell, async (next) => {
        await dropOld(next);
        if (resume && (await next.exists())) {
          tell(`${name}: goes on at position ${(await next.position()).position} of the journal`);
        } else {
          tell(`${name}: the next version is made next to the live one`);
          await next.begin();
        }
        const found = await comparison(next, examples, REBUILD_PATIENCE_MS, tell);
        tell(`${name}: the next version replaces the live one`);
        await switchTables(next);
        return { ...found, events: next.events };
      }),
  };
}

async function comparison(
  next: NextTables,
  examples: number,
  patienceMs: number,
  tell: (line: string) => void,
): Promise<Comparison> {
  const { model, owner, schema } = next;
  await next.catchUp();
  const first = await next.position();
  const { position } = first;
  const hasApplied = async () =>
    !isBehind(first, await loadCheckpoint(owner, `${model.schema}.checkpoints`, model.consumer, JOURNAL_SOURCE));
  const again = { until: performance.now() + patienceMs, hasApplied };
  tell(`${model.name}: ${next.events} events applied; both versions are compared at position ${position}`);
  const found = await compareTables(owner, model, schema, examples, again, () => next.catchUp());
  return { model: model.name, position, events: next.events, ...found };
}

async function withNextTables<T>(
  model: ReadModel,
  { url }: ModelDatabases,
  schema: string,
  persistence: Persistence,
  tell: (line: string) => void,
  work: (next: NextTables) => Promise<T>,
): Promise<T> {
  const settings = { poolSize: 6, statementTimeoutMs: STATEMENT_TIMEOUT_MS, applicationName: 'postern-rebuild' };
  const owner = await openOwnerDataSource(url, settings);
  const feed = await openDataSource(url, 'postern_feed', { poolSize: 1 });
  const session = owner.createQueryRunner();
  try {
    const [row] = (await session.query('SELECT pg_try_advisory_lock($1, hashtext($2)) AS free', [
      LOCK_NUMBER,
      schema,
    ])) as { free: boolean }[];
    if (row?.free !== true)
      throw new Error(`Another process is at work on ${schema}. Wait for its end, and run it again.`);
    return await work(new NextTables(owner, feed, model, schema, persistence, tell));
  } finally {
    await session.release();
    await Promise.all([owner.destroy(), feed.destroy()]);
  }
}

import { openDataSource, openOwnerDataSource } from '@postern/database';
import { Beside } from './beside.js';
import { compareTables } from './compare.js';
import type { Persistence } from './copy-table.js';
import { assertPartitions } from './live-place.js';
import type { Comparison, ModelDatabases, ReadModel, Rebuildable } from './read-model.js';
import { openSamePlace } from './same-place.js';
import { dropOld, switchTables } from './switch-tables.js';

/** Reading ten million rows for their digest takes half a minute where they are not in memory. */
const STATEMENT_TIMEOUT_MS = 1_800_000;
/** Of the process that is making the model anew; the database's end of a killed one's session frees it. */
const LOCK_NUMBER = 8_025_019;

/** A read model in tables of its own, verified and rebuilt by making it anew in a schema beside. */
export function tableModel(model: ReadModel): Rebuildable {
  const { name } = model;
  const besideName = `${model.schema}_${name.replaceAll('-', '_')}`;
  return {
    name,
    consumer: { name: model.consumer, checkpoints: `${model.schema}.checkpoints`, topics: model.topics },
    verify: (databases, examples, tell) =>
      withBeside(model, databases, `${besideName}_verify`, 'passing', tell, async (beside) => {
        await beside.begin();
        try {
          tell(`${name}: is made from the journal, beside the live one`);
          return await comparison(beside, examples, tell);
        } finally {
          await beside.drop();
        }
      }),
    rebuild: (databases, { examples, resume }, tell) =>
      withBeside(model, databases, `${besideName}_next`, 'kept', tell, async (beside) => {
        await dropOld(beside);
        if (resume && (await beside.exists())) {
          tell(`${name}: goes on at position ${(await beside.position()).position} of the journal`);
        } else {
          tell(`${name}: the next version is made beside the live one`);
          await beside.begin();
        }
        const found = await comparison(beside, examples, tell);
        tell(`${name}: the next version takes the live one's place`);
        await switchTables(beside);
        return { ...found, events: beside.events };
      }),
  };
}

async function comparison(beside: Beside, examples: number, tell: (line: string) => void): Promise<Comparison> {
  const { model, schema } = beside;
  const at = await openSamePlace(beside);
  try {
    tell(
      `${model.name}: ${beside.events} events applied; both versions are compared at position ${at.place.end.position}`,
    );
    const found = await compareTables(at.runner, model, schema, examples);
    return { model: model.name, position: at.place.end.position, events: beside.events, ...found };
  } finally {
    await at.close();
  }
}

async function withBeside<T>(
  model: ReadModel,
  { url, partitions }: ModelDatabases,
  schema: string,
  persistence: Persistence,
  tell: (line: string) => void,
  work: (beside: Beside) => Promise<T>,
): Promise<T> {
  const settings = { poolSize: 6, statementTimeoutMs: STATEMENT_TIMEOUT_MS, applicationName: 'postern-rebuild' };
  const owner = await openOwnerDataSource(url, settings);
  const feed = await openDataSource(url, 'postern_feed', { poolSize: 1 });
  const session = owner.createQueryRunner();
  try {
    const [row] = (await session.query('SELECT pg_try_advisory_lock($1, hashtext($2)) AS free', [
      LOCK_NUMBER,
      schema,
    ])) as {
      free: boolean;
    }[];
    if (row?.free !== true)
      throw new Error(`Another process is at work on ${schema}. Wait for its end, and run it again.`);
    await assertPartitions(feed, owner, `${model.schema}.checkpoints`, model.consumer, partitions);
    return await work(new Beside(owner, feed, model, schema, persistence, tell, partitions));
  } finally {
    await session.release();
    await Promise.all([owner.destroy(), feed.destroy()]);
  }
}

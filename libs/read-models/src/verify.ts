import { splitStreamId, type Recorded } from '@postern/contracts';
import { openDataSource } from '@postern/database';
import { LAST_VERSION, readFeedEnd, readStreams } from '@postern/event-store';
import type { EntityManager, QueryRunner } from 'typeorm';
import { Differences, MOST_KEYS, type Rows } from './differences.js';
import { LateRows, waitForLateRows } from './late-rows.js';
import { tableOf, type Comparison, type ModelTable, type ReadModel, type Report } from './read-model.js';

/** A page blocks this process for about 20 ms; its rows are all the memory that verify needs. */
const EVENTS_PER_PAGE = 1_000;
/** Emptying the temporary tables takes as long as comparing a range. */
const RANGES_PER_TRUNCATE = 20;
const REPORT_EVERY_MS = 5_000;
/** Subjects are UUIDs. */
const FIRST = '00000000-0000-0000-0000-000000000000';
const LAST = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/**
 * Compares each live row with the journal at the row's version. Per range of subjects, one snapshot has rows and events; the consumer's own code
 * writes the events into temporary tables, and PostgreSQL compares. So memory does not grow with the journal, and no transaction is long.
 */
export async function verify(
  model: ReadModel,
  { url }: { readonly url: string },
  examples: number,
  report: Report,
): Promise<Comparison> {
  const owner = await openDataSource(url, 'owner', { poolSize: 1, applicationName: 'postern-verify' });
  const session = owner.createQueryRunner();
  try {
    return await new Verification(model, session, examples, report).run();
  } finally {
    await session.release();
    await owner.destroy();
  }
}

class Verification {
  private events = 0;
  private reported = performance.now();
  private readonly found: Differences;
  private readonly lateSubjects: LateRows;
  private readonly lateOthers: LateRows;
  private readonly versions: string;

  constructor(
    private readonly model: ReadModel,
    private readonly session: QueryRunner,
    examples: number,
    private readonly report: Report,
  ) {
    this.found = new Differences(examples);
    const { schema, streams, others } = model;
    const { subject } = tableOf(model, streams.table);
    this.versions = `SELECT ${subject}::text AS key, max(${streams.version})::float8 AS version
                       FROM ${schema}.${streams.table} WHERE ${subject} = ANY ($1::uuid[]) GROUP BY ${subject}`;
    this.lateSubjects = new LateRows(this.versions);
    const other = tableOf(model, others?.table ?? streams.table);
    this.lateOthers = new LateRows(
      `SELECT ${other.key} AS key, 1 AS version FROM ${schema}.${other.name} WHERE ${other.key} = ANY ($1::text[])`,
    );
  }

  async run(): Promise<Comparison> {
    const { model, session, found } = this;
    await session.query(`SET search_path = ${model.schema}`);
    await session.query(`SET synchronous_commit = off; SET temp_buffers = '64MB'`);
    // PostgreSQL searches temporary tables first.
    for (const { name } of model.tables)
      await session.query(`CREATE TEMP TABLE ${name} (LIKE ${model.schema}.${name} INCLUDING ALL)`);
    this.report(`${model.name}: each row is compared with the journal at the version that the row has`);
    for (let after: string | null = FIRST, range = 0; after !== null; range += 1) {
      if (range % RANGES_PER_TRUNCATE === 0) await this.emptyTables();
      const from: string = after;
      after = await session.manager.transaction('REPEATABLE READ', (manager) => this.compareRange(manager, from));
    }
    await session.manager.transaction('REPEATABLE READ', (manager) => this.compareOthers(manager));
    if (model.contradictions) {
      const sql = `SELECT "table", ${rowsWhere('true')} AS different FROM (${model.contradictions}) found GROUP BY 1`;
      for (const { table, different } of (await session.query(sql)) as { table: string; different: Rows }[])
        found.add(table, {}, { different });
    }
    const end = await readFeedEnd(session.manager);
    await waitForLateRows(session.manager, model, end, [this.lateSubjects, this.lateOthers]);
    found.add(model.streams.table, {}, this.lateSubjects.found);
    if (model.others) found.add(model.others.table, {}, this.lateOthers.found);
    return {
      model: model.name,
      position: end.position,
      events: this.events,
      compared: found.compared,
      uncompared: this.lateSubjects.uncompared + this.lateOthers.uncompared,
      differences: found.examples,
    };
  }

  /** Some thousand events from `after` on. Returns the last subject; null if there are no more. */
  private async compareRange(manager: EntityManager, after: string): Promise<string | null> {
    const { model } = this;
    const { category } = model.streams;
    const start = { streamId: `${category}/${after}`, version: LAST_VERSION };
    let page = await readStreams(manager, category, start, EVENTS_PER_PAGE);
    const last = page.length === EVENTS_PER_PAGE ? (page.at(-1)?.streamId ?? null) : null;
    const range = [after, last === null ? LAST : subjectOf(last)];
    const inRange = ({ subject }: ModelTable) => `${subject} > $1 AND ${subject} <= $2`;
    const subjects = new Set(page.map(({ streamId }) => subjectOf(streamId)));
    const versions = await manager.query<{ key: string; version: number }[]>(this.versions, [[...subjects]]);
    const applied = new Map(versions.map(({ key, version }) => [key, version]));
    for (;;) {
      await this.write(manager, page, (event) => this.isApplied(event, applied));
      const read = page.at(-1);
      if (last === null || !read || page.length < EVENTS_PER_PAGE) break;
      page = await readStreams(manager, category, read, EVENTS_PER_PAGE, last);
    }
    for (const each of model.tables) {
      for (const { missing, extra, different, ...rows } of await this.compareRows(manager, each, inRange(each), range))
        this.found.add(each.name, rows, { missing, extra, different });
    }
    return last === null ? null : subjectOf(last);
  }

  private isApplied(event: Recorded, applied: ReadonlyMap<string, number>): boolean {
    const version = this.model.streams.versionOf(event);
    if (version === null) return false;
    const subject = subjectOf(event.streamId);
    const has = applied.get(subject) ?? 0;
    if (version > has) this.lateSubjects.add(subject, has);
    return version <= has;
  }

  /** A missing row may still arrive. */
  private async compareOthers(manager: EntityManager): Promise<void> {
    const { others } = this.model;
    if (!others) return;
    for (const category of others.categories) {
      let page: readonly Recorded[] = [];
      do {
        page = await readStreams(
          manager,
          category,
          page.at(-1) ?? { streamId: `${category}/`, version: 0 },
          EVENTS_PER_PAGE,
        );
        await this.write(manager, page);
      } while (page.length === EVENTS_PER_PAGE);
    }
    const table = tableOf(this.model, others.table);
    for (const { missing, extra, different, ...rows } of await this.compareRows(
      manager,
      table,
      `${table.subject} IS NULL`,
      [],
    )) {
      this.found.add(table.name, rows, { extra, different });
      for (const key of missing.keys ?? []) this.lateOthers.add(key, 0);
      this.lateOthers.uncompared += missing.rows - (missing.keys?.length ?? 0);
    }
  }

  private async write(
    manager: EntityManager,
    events: readonly Recorded[],
    isApplied: (event: Recorded) => boolean = () => true,
  ): Promise<void> {
    this.events += events.length;
    const applied = events.filter(isApplied);
    if (applied.length > 0) await this.model.write(manager, applied);
    if (performance.now() - this.reported < REPORT_EVERY_MS) return;
    this.reported = performance.now();
    this.report(`${this.model.name}: ${this.events} events compared`);
  }

  /** `*<>` compares bytes. */
  private async compareRows(
    manager: EntityManager,
    { name, key, group, where = 'true', compared }: ModelTable,
    condition: string,
    values: unknown[],
  ): Promise<ComparedRows[]> {
    if (compared === null) return [];
    const rowsOf = (table: string) =>
      `SELECT ${key} AS key, ${group ?? 'NULL'}::text AS "group", ROW(${compared}) AS line FROM ${table} WHERE ${where} AND ${condition}`;
    return manager.query<ComparedRows[]>(
      `SELECT coalesce(l."group", n."group") AS "group", count(l.line)::integer AS live, count(n.line)::integer AS journal,
              ${rowsWhere('l.line IS NULL')} AS missing, ${rowsWhere('n.line IS NULL')} AS extra,
              ${rowsWhere('l.line *<> n.line')} AS different
         FROM (${rowsOf(`${this.model.schema}.${name}`)}) l FULL JOIN (${rowsOf(`pg_temp.${name}`)}) n USING (key)
        GROUP BY 1 ORDER BY 1`,
      values,
    );
  }

  private async emptyTables(): Promise<void> {
    const { session, model } = this;
    await session.query(`TRUNCATE ${model.tables.map(({ name }) => `pg_temp.${name}`).join(', ')}`);
    for (const { start } of model.tables) if (start) await session.query(start);
  }
}

function rowsWhere(condition: string): string {
  const where = `FILTER (WHERE ${condition})`;
  return `json_build_object('rows', count(*) ${where}, 'keys', (array_agg(key ORDER BY key) ${where})[:${MOST_KEYS}])`;
}

function subjectOf(streamId: string): string {
  return splitStreamId(streamId).subject;
}

interface ComparedRows {
  readonly group: string | null;
  readonly live: number;
  readonly journal: number;
  readonly missing: Rows;
  readonly extra: Rows;
  readonly different: Rows;
}

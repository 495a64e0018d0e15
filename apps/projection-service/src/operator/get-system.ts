import { Inject } from '@nestjs/common';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { InjectDataSource } from '@nestjs/typeorm';
import { text, time, integer } from '@postern/http';
import { GONE_AFTER_SECONDS, type ProcessReport } from '@postern/process';
import { SETTINGS, type RuntimeSettings } from '@postern/settings';
import type { DataSource } from 'typeorm';
import { z } from 'zod';

const processState = z
  .object({
    name: text('projection-service', 'The name of the service; `standalone` runs all services in one process.'),
    instance: text(
      'postern-1:8027',
      'Host and port. If no process of the service runs, this, `version`, `commit` and `seenAt` are null.',
    ).nullable(),
    version: text('0.1.0').nullable(),
    commit: text('5008bc0c2d1e').nullable(),
    state: z
      .enum(['ready', 'not-ready', 'not-seen'])
      .meta({ description: '`not-seen`: no report from it for 15 seconds.' }),
    missing: z
      .array(z.object({ name: text('relay-policies'), why: text('is catching up with the journal') }))
      .meta({ description: 'Why it is not ready.' }),
    seenAt: time('2026-11-02T09:30:00.000Z').nullable(),
  })
  .meta({ id: 'ProcessState', description: 'A process, as it reports itself every 5 seconds.' });

const consumerState = z
  .object({
    name: text('relay-policies'),
    lagEvents: integer(0, 0, 'Events that it has not handled yet, counted up to 100,000. Null: not known.').nullable(),
    lagSeconds: z
      .number()
      .nullable()
      .meta({ description: 'Age of the oldest event in the lag, in seconds; 0 if there is none.' }),
    state: z.enum(['not-seen', 'caught-up', 'catching-up', 'failing', 'halted']).meta({
      description:
        '`failing`: it retries and may recover. `halted`: an operator must act. `not-seen`: no running process has it.',
    }),
    reason: text('The message is not JSON in UTF-8.', 'Why it fails or halts; else null.').nullable(),
  })
  .meta({
    id: 'ConsumerState',
    description:
      'A consumer, which updates a read model or a topic. If several processes run it, this is the one with the worst state.',
  });

export const systemView = z
  .object({
    services: z.array(processState),
    database: z.object({
      version: text('18.4', 'Of PostgreSQL.'),
      sizeBytes: integer(0, 104_857_600),
      connections: integer(0, 24, 'Open connections to this database.'),
      maxConnections: integer(1, 100, 'The limit of the PostgreSQL server.'),
    }),
    bus: z.object({ kind: z.enum(['feed', 'kafka']), brokers: z.array(text('kafka-1.example:9092')) }),
    consumers: z.array(consumerState),
  })
  .meta({ id: 'SystemState', description: 'All processes of this Postern, its database, its bus, and who reads it.' });
type ProcessState = z.infer<typeof processState>;
type ConsumerState = z.infer<typeof consumerState>;
type SystemState = z.infer<typeof systemView>;

export class GetSystem extends Query<SystemState> {}

const MOST_PROCESSES = 500;
const SERVICES = ['command-service', 'projection-service', 'audit-trail-service'] as const;
const STANDALONE = 'standalone';

@QueryHandler(GetSystem)
export class GetSystemHandler implements IQueryHandler<GetSystem> {
  constructor(
    @InjectDataSource('postern_access') private readonly access: DataSource,
    @Inject(SETTINGS) private readonly settings: RuntimeSettings,
  ) {}

  async execute(): Promise<SystemState> {
    const { kafka } = this.settings;
    const [rows, [database]] = await Promise.all([
      this.access.query<ProcessRow[]>(PROCESSES, [GONE_AFTER_SECONDS, MOST_PROCESSES]),
      this.access.query<SystemState['database'][]>(DATABASE),
    ]);
    return {
      services: [...rows.map(processOf), ...missingServices(rows)],
      database: database as SystemState['database'],
      bus: kafka === null ? { kind: 'feed', brokers: [] } : { kind: 'kafka', brokers: [...kafka.brokers] },
      consumers: consumersOf(rows),
    };
  }
}

interface ProcessRow {
  readonly service: string;
  readonly instance: string;
  readonly report: ProcessReport;
  readonly seen_at: Date;
  readonly seen: boolean;
}

const PROCESSES = `
  SELECT * FROM (SELECT *, seen_at > clock_timestamp() - $1 * interval '1 s' AS seen
                   FROM access.processes ORDER BY seen_at DESC LIMIT $2) latest
   ORDER BY service, instance`;

const DATABASE = `
  SELECT current_setting('server_version') AS version, pg_database_size(current_database())::float8 AS "sizeBytes",
         (SELECT numbackends FROM pg_stat_database WHERE datname = current_database()) AS connections,
         current_setting('max_connections')::integer AS "maxConnections"`;

function processOf({ service: name, instance, report, seen_at: seenAt, seen }: ProcessRow): ProcessState {
  const missing = Object.entries(report.missing).map(([what, why]) => ({ name: what, why }));
  const state = !seen ? 'not-seen' : missing.length > 0 ? 'not-ready' : 'ready';
  return {
    name,
    instance,
    version: report.version,
    commit: report.commit,
    state,
    missing,
    seenAt: seenAt.toISOString(),
  };
}

function missingServices(rows: readonly ProcessRow[]): ProcessState[] {
  const known = new Set(rows.map(({ service }) => service));
  if (known.has(STANDALONE)) return [];
  const unknown = { instance: null, version: null, commit: null, state: 'not-seen' as const, seenAt: null };
  return SERVICES.filter((name) => !known.has(name)).map((name) => ({ name, ...unknown, missing: [] }));
}

const WORST_LAST = consumerState.shape.state.options;

/** One row per consumer. Several processes may share its work; the row is that of the worst one. */
function consumersOf(rows: readonly ProcessRow[]): ConsumerState[] {
  const consumers = new Map<string, ConsumerState>();
  for (const { report, seen } of rows)
    for (const { name, lagEvents, lagSeconds, state, reason } of report.consumers) {
      const one: ConsumerState = seen
        ? { name, lagEvents, lagSeconds, state, reason }
        : { name, lagEvents: null, lagSeconds: null, state: 'not-seen', reason: null };
      const other = consumers.get(name) ?? one;
      const worse = WORST_LAST.indexOf(one.state) > WORST_LAST.indexOf(other.state) ? one : other;
      consumers.set(name, {
        ...worse,
        lagEvents: larger(one.lagEvents, other.lagEvents),
        lagSeconds: larger(one.lagSeconds, other.lagSeconds),
      });
    }
  return [...consumers.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function larger(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
}

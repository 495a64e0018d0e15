import { hostname } from 'node:os';
import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { BUILD, consumerReports, Readiness, type ConsumerReport } from '@postern/observe';
import type { DataSource } from 'typeorm';
import { RelayContacts } from './relay-contacts.js';

const REPORT_EVERY_MS = 5_000;
/** Three intervals. */
export const GONE_AFTER_SECONDS = 15;

/** The column `report` of access.processes. */
export interface ProcessReport {
  readonly version: string;
  readonly commit: string;
  /** By check; empty if the process is ready. */
  readonly missing: Readonly<Record<string, string>>;
  readonly consumers: readonly ConsumerReport[];
}

/** Any process can then answer operators for all of them. */
@Injectable()
export class Presence implements BeforeApplicationShutdown {
  private process: { readonly service: string; readonly instance: string } | null = null;
  private timer: NodeJS.Timeout | undefined;
  private reporting: Promise<void> | null = null;

  constructor(
    @InjectDataSource('postern_access') private readonly access: DataSource,
    @Inject(Readiness) private readonly readiness: Readiness,
    @Inject(RelayContacts) private readonly relays: RelayContacts,
  ) {}

  /** `everyMs` is for tests. */
  start(service: string, port: number, everyMs = REPORT_EVERY_MS): void {
    this.process = { service, instance: `${hostname()}:${port}` };
    this.timer = setInterval(() => void this.report(), everyMs).unref();
    void this.report();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.reporting;
    if (this.process === null) return;
    const { service, instance } = this.process;
    await this.access
      .query('DELETE FROM access.processes WHERE service = $1 AND instance = $2', [service, instance])
      .catch(() => undefined);
  }

  private report(): Promise<void> {
    this.reporting ??= this.write()
      .catch(() => undefined)
      .finally(() => (this.reporting = null));
    return this.reporting;
  }

  private async write(): Promise<void> {
    if (this.process === null) return;
    const { service, instance } = this.process;
    const [missing, consumers] = await Promise.all([this.readiness.missing(), consumerReports()]);
    const report: ProcessReport = { ...BUILD, missing, consumers };
    await this.access.query(REPORT, [service, instance, JSON.stringify(report)]);
    await this.relays.write(this.access, instance);
  }
}

const REPORT = `
  WITH forgotten AS (
    DELETE FROM access.processes
     WHERE seen_at < clock_timestamp() - interval '1 day' AND (service, instance) <> ($1, $2))
  INSERT INTO access.processes (service, instance, report) VALUES ($1, $2, $3)
  ON CONFLICT (service, instance) DO UPDATE SET report = excluded.report, seen_at = excluded.seen_at`;

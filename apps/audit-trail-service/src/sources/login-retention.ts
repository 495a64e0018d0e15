import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { deleteOldLogins } from '@postern/observed-logins';
import { SETTINGS, type RuntimeSettings } from '@postern/settings';
import type { DataSource } from 'typeorm';
import { sourcesDeleted } from './login-metrics.js';

const DAY_MS = 86_400_000;
const SWEEP_EVERY_MS = 10 * 60_000;

/** Null (0 days): all are kept. */
export function keptFrom(days: number, now: Date): Date | null {
  return days === 0 ? null : new Date(now.getTime() - days * DAY_MS);
}

/** Deletes observed sources that are older than the retention period, every ten minutes; a bounded number of rows. */
@Injectable()
export class LoginRetention implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('audit-trail');
  private timer: NodeJS.Timeout | undefined;
  private sweeping: Promise<unknown> = Promise.resolve();

  constructor(
    @InjectDataSource('postern_logins_writer') private readonly writer: DataSource,
    @Inject(SETTINGS) private readonly settings: RuntimeSettings,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.sweeping = this.sweep(new Date()).catch((error: unknown) =>
        this.logger.warn(`Old observed sources could not be deleted: ${String(error)} Next attempt in ten minutes.`),
      );
    }, SWEEP_EVERY_MS).unref();
  }

  async sweep(now: Date): Promise<void> {
    sourcesDeleted.inc(await deleteOldLogins(this.writer, keptFrom(this.settings.loginsRetentionDays, now)));
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.sweeping;
  }
}

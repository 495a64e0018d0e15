import pg from 'pg';
import { POLICIES_CHANNEL } from '../policies-channel.js';

const RECONNECT_MS = 1_000;

/**
 * Calls `onWake` with the revision after every commit that made one, in whichever process. It connects again by itself;
 * what it misses meanwhile, the tail's poll finds.
 */
export class RevisionWakes {
  private client: pg.Client | null = null;
  private retry: NodeJS.Timeout | null = null;
  private stopped = false;

  constructor(
    private readonly url: string,
    private readonly onWake: (revision: number) => void,
  ) {
    void this.listen();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    if (this.retry) clearTimeout(this.retry);
    await this.client?.end().catch(() => undefined);
  }

  private async listen(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.url,
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
      application_name: 'postern_relay_wakes',
    });
    this.client = client;
    let lost = false;
    const onLost = (): void => {
      if (lost || this.stopped) return;
      lost = true;
      void client.end().catch(() => undefined);
      this.retry = setTimeout(() => void this.listen(), RECONNECT_MS);
    };
    client.on('error', onLost).on('end', onLost);
    client.on('notification', ({ payload }) => this.onWake(Number(payload)));
    try {
      await client.connect();
      await client.query(`LISTEN ${POLICIES_CHANNEL}`);
    } catch {
      onLost();
    }
  }
}

import type { ApiKeyDirectory } from '@postern/service-kit';
import type { StreamMember } from './stream-member.js';

/** Asks again and again whether the keys of open streams still hold, and ends the streams of those that don't. */
export class KeyCheck {
  private readonly timer: NodeJS.Timeout;
  private running = false;

  constructor(
    private readonly keys: Pick<ApiKeyDirectory, 'authenticate'>,
    private readonly open: ReadonlySet<StreamMember>,
    everyMs: number,
  ) {
    this.timer = setInterval(() => void this.check(), everyMs);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async check(): Promise<void> {
    if (this.running) return;
    this.running = true;
    const byKey = Map.groupBy(this.open, (member) => member.apiKey);
    await Promise.all([...byKey].map(([key, members]) => this.checkKey(key, members)));
    this.running = false;
  }

  /** Where the database can't be asked the stream goes on: a relay must not lose its policies by that. */
  private async checkKey(key: string, members: readonly StreamMember[]): Promise<void> {
    const holds = await this.keys.authenticate(key).catch(() => 'unknown');
    if (holds === null) for (const member of members) member.end('key-revoked');
  }
}

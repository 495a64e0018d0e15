import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { ApiKeyDirectory } from './api-key-directory.js';

/** With the age of a look-up and the time of a query well within a heartbeat of 5 s. */
export const KEY_CHECK_MS = 1_000;

/** Looks up again and again the keys of answers that take long, and reports those that were revoked, by whatever process. */
@Injectable()
export class KeyWatch implements OnModuleDestroy {
  private readonly watched = new Map<string, Set<() => void>>();
  private readonly timer: NodeJS.Timeout;
  private running = false;

  constructor(@Inject(ApiKeyDirectory) private readonly keys: Pick<ApiKeyDirectory, 'authenticate'>) {
    this.timer = setInterval(() => void this.check(), KEY_CHECK_MS).unref();
  }

  /** Calls `onRevoked` once the key is no longer valid; the returned function ends the watch. */
  watch(key: string, onRevoked: () => void): () => void {
    const listeners = this.watched.get(key) ?? new Set();
    this.watched.set(key, listeners);
    // Of its own, so that the same function may watch twice.
    const listener = (): void => onRevoked();
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.watched.get(key) === listeners) this.watched.delete(key);
    };
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  private async check(): Promise<void> {
    if (this.running) return;
    this.running = true;
    await Promise.all([...this.watched].map(([key, listeners]) => this.checkKey(key, listeners)));
    this.running = false;
  }

  /** Where the database cannot be asked the answer goes on: a relay must not lose its policies by that. */
  private async checkKey(key: string, listeners: ReadonlySet<() => void>): Promise<void> {
    const principal = await Promise.resolve(this.keys.authenticate(key)).catch(() => 'unknown');
    if (principal !== null) return;
    this.watched.delete(key);
    for (const revoked of listeners) revoked();
  }
}

import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Principal } from '@postern/http';
import { Callers } from './callers.js';

/** With cache and query time, well within a heartbeat of 5 s. */
export const KEY_CHECK_MS = 1_000;

interface Watch {
  readonly principal: Principal;
  readonly onRevoked: () => void;
}

/** For long answers. Notices a revocation by any process. */
@Injectable()
export class KeyWatch implements OnModuleDestroy {
  private readonly watches = new Set<Watch>();
  private readonly timer = setInterval(() => void this.check(), KEY_CHECK_MS).unref();
  private running = false;

  constructor(@Inject(Callers) private readonly callers: Callers) {}

  /** Returns a function that ends the watch. */
  watch(principal: Principal, onRevoked: () => void): () => void {
    const watch = { principal, onRevoked };
    this.watches.add(watch);
    return () => void this.watches.delete(watch);
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  private async check(): Promise<void> {
    if (this.running) return;
    this.running = true;
    await Promise.all([...this.watches].map((watch) => this.checkOne(watch)));
    this.running = false;
  }

  /** If the database fails, the answer continues: a relay must not lose its policies. */
  private async checkOne(watch: Watch): Promise<void> {
    const isValid = await Promise.resolve(this.callers.isValid(watch.principal)).catch(() => true);
    // It may have ended in between.
    if (!isValid && this.watches.delete(watch)) watch.onRevoked();
  }
}

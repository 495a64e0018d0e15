import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Principal } from '@postern/http';
import { Callers } from './callers.js';

/** With cache and query time, well within a heartbeat of 5 s. */
export const KEY_CHECK_MS = 1_000;

interface Watched {
  readonly principal: Principal;
  readonly listeners: Set<() => void>;
}

/** For long answers. Notices a revocation by any process. */
@Injectable()
export class KeyWatch implements OnModuleDestroy {
  private readonly watched = new Map<string, Watched>();
  private readonly timer: NodeJS.Timeout;
  private running = false;

  constructor(@Inject(Callers) private readonly callers: Pick<Callers, 'isValid'>) {
    this.timer = setInterval(() => void this.check(), KEY_CHECK_MS).unref();
  }

  /** Returns a function that ends the watch. */
  watch(principal: Principal, onRevoked: () => void): () => void {
    const id = principal.actor.sessionId ?? principal.actor.keyId;
    const watched = this.watched.get(id) ?? { principal, listeners: new Set() };
    this.watched.set(id, watched);
    // A separate function, so that the same callback may watch twice.
    const listener = (): void => onRevoked();
    watched.listeners.add(listener);
    return () => {
      watched.listeners.delete(listener);
      if (watched.listeners.size === 0 && this.watched.get(id) === watched) this.watched.delete(id);
    };
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  private async check(): Promise<void> {
    if (this.running) return;
    this.running = true;
    await Promise.all([...this.watched].map(([id, watched]) => this.checkOne(id, watched)));
    this.running = false;
  }

  /** If the database fails, the answer continues: a relay must not lose its policies. */
  private async checkOne(id: string, { principal, listeners }: Watched): Promise<void> {
    const isValid = await Promise.resolve(this.callers.isValid(principal)).catch(() => true);
    if (isValid) return;
    this.watched.delete(id);
    for (const revoked of listeners) revoked();
  }
}

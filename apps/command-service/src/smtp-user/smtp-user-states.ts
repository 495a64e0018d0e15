import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { smtpUserStream, type Recorded, type SmtpUserEvent } from '@postern/contracts';
import { inTenant } from '@postern/database';
import { readStream } from '@postern/event-store';
import { evolve, initialState, type SmtpUserState } from '@postern/restrictions';
import { LRUCache } from 'lru-cache';
import type { DataSource } from 'typeorm';
import type { SmtpUserRef } from './target.js';

/** A state's weight is 1 plus the number of its entries. An entry has about half a kilobyte, so this is about 50 MB. */
const MAX_REMEMBERED_WEIGHT = 100_000;

@Injectable()
export class SmtpUserStates {
  private readonly states = new LRUCache<string, SmtpUserState>({
    maxSize: MAX_REMEMBERED_WEIGHT,
    sizeCalculation: (state) => 1 + (state.status === 'registered' ? state.entries.length : 0),
  });

  constructor(@InjectDataSource('postern_command') private readonly dataSource: DataSource) {}

  /** May be outdated by another process: use it only if an append checks its version. */
  remembered(user: SmtpUserRef): SmtpUserState | undefined {
    return this.states.get(key(user));
  }

  /** The journal's state now: the remembered state plus later events. A user of another tenant has none. */
  async current(user: SmtpUserRef): Promise<SmtpUserState> {
    const known = this.remembered(user) ?? initialState();
    const events = await inTenant(this.dataSource, user.tenantId, (manager) =>
      readStream(manager, smtpUserStream(user.smtpUserId), known.version),
    );
    const state = (events as Recorded<SmtpUserEvent>[]).reduce<SmtpUserState>(evolve, known);
    if (state !== known) this.remember(user, state);
    return state;
  }

  /** Keeps the newest state. @throws if it is another tenant's, which must never happen. */
  remember(user: SmtpUserRef, state: SmtpUserState): void {
    if (state.status === 'none') return;
    if (state.tenantId !== user.tenantId || state.smtpUserId !== user.smtpUserId) {
      throw new Error(`The stream of the SMTP user ${user.smtpUserId} is not that of the tenant ${user.tenantId}.`);
    }
    const kept = this.remembered(user);
    if (kept === undefined || kept.version < state.version) this.states.set(key(user), state);
  }
}

function key({ tenantId, smtpUserId }: SmtpUserRef): string {
  return `${tenantId}/${smtpUserId}`;
}

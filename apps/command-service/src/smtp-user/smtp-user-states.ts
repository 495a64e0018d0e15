import { Inject, Injectable } from '@nestjs/common';
import { getDataSourceToken } from '@nestjs/typeorm';
import { smtpUserStream, type Recorded, type SmtpUserEvent } from '@postern/contracts';
import { inTenant } from '@postern/database';
import { readStream } from '@postern/event-store';
import { evolve, initialState, type SmtpUserState } from '@postern/restrictions';
import { LRUCache } from 'lru-cache';
import type { DataSource } from 'typeorm';
import type { SmtpUserRef } from './target.js';

/** A state weighs one and its entries; an entry takes some half a kilobyte, so that this is about 50 MB. */
const MAX_REMEMBERED_WEIGHT = 100_000;

/** Loads the states of SMTP users out of the journal, under their tenant's row-level security, and remembers them. */
@Injectable()
export class SmtpUserStates {
  private readonly states = new LRUCache<string, SmtpUserState>({
    maxSize: MAX_REMEMBERED_WEIGHT,
    sizeCalculation: (state) => 1 + (state.status === 'registered' ? state.entries.length : 0),
  });

  constructor(@Inject(getDataSourceToken('postern_command')) private readonly dataSource: DataSource) {}

  /** The state as last seen, or undefined. Another process may have gone on: it is only good where an append proves its version. */
  remembered(user: SmtpUserRef): SmtpUserState | undefined {
    return this.states.get(key(user));
  }

  /** The state as the journal has it now: what is remembered, and the events since. A user of another tenant has none. */
  async current(user: SmtpUserRef): Promise<SmtpUserState> {
    const known = this.remembered(user) ?? initialState();
    const events = await inTenant(this.dataSource, user.tenantId, (manager) =>
      readStream(manager, smtpUserStream(user.smtpUserId), known.version),
    );
    const state = (events as Recorded<SmtpUserEvent>[]).reduce<SmtpUserState>(evolve, known);
    if (state !== known) this.remember(user, state);
    return state;
  }

  /** Keeps the state, unless a newer one is there. Throws where it is another tenant's, which must never happen. */
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

import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { isUuid, smtpUserStream, type Recorded, type SmtpUserEvent, type SmtpUserId } from '@postern/contracts';
import { inTenant } from '@postern/database';
import { readStreamAt } from '@postern/event-store';
import { evolve, initialState, type RegisteredSmtpUser, type SmtpUserState } from '@postern/restrictions';
import { Problem } from '@postern/http';
import type { DataSource, EntityManager } from 'typeorm';
import type { SmtpUserAddress } from './get-smtp-user.js';

/**
 * Reads single SMTP users as they stood, from the journal: it is never behind, and keeps removed users too. The time grows with the
 * user's events up to then, the memory does not. No states are kept in between: one changed every hour for ten years has 88,000.
 */
@Injectable()
export class SmtpUserPast {
  constructor(@InjectDataSource('postern_directory_reader') private readonly dataSource: DataSource) {}

  /** The SMTP user at `at`. Throws the problem `smtp-user-not-found`, which says whether it was not there yet or not any more. */
  async read({ tenantId, smtpUserId }: SmtpUserAddress, at: Date): Promise<RegisteredSmtpUser> {
    if (!isUuid(smtpUserId)) throw notFound('There is no SMTP user with this id: it is no UUID.');
    const stream = smtpUserStream(smtpUserId as SmtpUserId);
    return inTenant(this.dataSource, tenantId, async (manager) => {
      let state: SmtpUserState = initialState();
      let since = '';
      for await (const event of readStreamAt(manager, stream, at)) {
        state = evolve(state, event as Recorded<SmtpUserEvent>);
        since = event.recordedAt;
      }
      if (state.status === 'registered') return state;
      if (state.status === 'none') throw notFound(await whyNotYet(manager, stream, at));
      throw notFound(
        `The SMTP user ${state.username} was removed at ${since}: at ${at.toISOString()} it was not there any more.`,
      );
    });
  }
}

const END_OF_TIME = new Date('9999-12-31T00:00:00.000Z');

async function whyNotYet(manager: EntityManager, stream: string, at: Date): Promise<string> {
  const { value: first } = await readStreamAt(manager, stream, END_OF_TIME).next();
  return first !== undefined
    ? `The SMTP user was registered at ${first.recordedAt}: at ${at.toISOString()} it was not there yet.`
    : 'There is no SMTP user with this id in this tenant.';
}

function notFound(detail: string): Problem {
  return new Problem('smtp-user-not-found', detail);
}

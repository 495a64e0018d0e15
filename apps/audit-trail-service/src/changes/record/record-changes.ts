import { splitStreamId, type Recorded, type SmtpUserEvent } from '@postern/contracts';
import type { EntityManager } from 'typeorm';
import { changeRow, type ChangeRow } from './change-row.js';
import { insertChanges } from './insert-changes.js';
import { SmtpUserStates } from './smtp-user-states.js';

/**
 * Records the events as changes and brings the SMTP users' states up to date. What was recorded before is left out, so
 * that a batch may come any number of times. Gives the number of changes that were added. Throws `EventsMissing`.
 */
export async function recordChanges(manager: EntityManager, events: readonly Recorded[]): Promise<number> {
  const ofSmtpUsers = events.filter(isSmtpUserEvent);
  const states = await SmtpUserStates.load(manager, ofSmtpUsers.map(subjectOf));
  const rows: ChangeRow[] = [];
  for (const event of events) {
    if (!isSmtpUserEvent(event)) {
      rows.push(changeRow(event, null));
      continue;
    }
    const smtpUserId = subjectOf(event);
    const state = states.apply(smtpUserId, event);
    if (state) rows.push(changeRow(event, { smtpUserId, username: state.username }));
  }
  await states.save(manager);
  return insertChanges(manager, rows);
}

function subjectOf(event: Recorded): string {
  return splitStreamId(event.streamId).subject;
}

function isSmtpUserEvent(event: Recorded): event is Recorded<SmtpUserEvent> {
  return splitStreamId(event.streamId).category === 'smtp-user';
}

import { splitStreamId, type Recorded, type SmtpUserEvent, type SmtpUserId } from '@postern/contracts';
import { isNextVersion } from '@postern/event-bus';
import { evolve, initialState } from '@postern/restrictions';
import type { EntityManager } from 'typeorm';
import { loadSmtpUsers, saveSmtpUsers, type KnownSmtpUser } from './directory-table.js';

/**
 * Applies events to the directory, in the caller's transaction. Events that were applied before change nothing.
 * Throws `EventsMissing`, `StreamConflict`.
 */
export async function applyDirectory(
  manager: EntityManager,
  events: readonly Recorded<SmtpUserEvent>[],
): Promise<void> {
  // What a crash would lose is applied again: the checkpoint is lost with it.
  await manager.query('SET LOCAL synchronous_commit = off');
  const known = await loadSmtpUsers(manager, events);
  const changed = new Map<SmtpUserId, KnownSmtpUser>();
  for (const event of events) {
    const id = splitStreamId(event.streamId).subject as SmtpUserId;
    const before = changed.get(id) ?? known.get(id);
    if (!isNextVersion(event, before && { version: before.state.version, eventId: before.eventId })) continue;
    const state = evolve(before?.state ?? initialState(), event);
    if (state.status === 'none') continue;
    const createdAt = state.status === 'registered' ? state.createdAt : (before?.createdAt ?? event.recordedAt);
    changed.set(id, { state, createdAt, eventId: event.eventId });
  }
  if (changed.size > 0) await saveSmtpUsers(manager, [...changed.values()]);
}

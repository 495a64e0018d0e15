import { splitStreamId, type Recorded, type SmtpUserEvent, type SmtpUserId } from '@postern/contracts';
import { EventsMissing } from '@postern/event-bus';
import { evolve, initialState } from '@postern/restrictions';
import type { EntityManager } from 'typeorm';
import { loadSmtpUsers, saveSmtpUsers, type KnownSmtpUser } from './directory-table.js';

/**
 * Applies events to the directory, in the caller's transaction. Events that were applied before change nothing.
 * Throws `EventsMissing`.
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
    const version = before?.state.version ?? 0;
    if (event.version <= version) continue;
    if (event.version !== version + 1) throw new EventsMissing(event, version);
    const state = evolve(before?.state ?? initialState(), event);
    if (state.status === 'none') continue;
    const createdAt = state.status === 'registered' ? state.createdAt : (before?.createdAt ?? event.recordedAt);
    changed.set(id, { state, createdAt });
  }
  if (changed.size > 0) await saveSmtpUsers(manager, [...changed.values()]);
}

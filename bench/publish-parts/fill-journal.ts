import { newId, type EntryId, type EventMetadata, type TenantId } from '@postern/contracts';
import { openDataSource } from '@postern/database';
import { Journal, type NewEvent } from '@postern/event-store';

const STREAMS = 2_000;
const PER_APPEND = 20;

const metadata: EventMetadata = {
  actor: { role: 'admin', keyId: newId(), name: 'bench' },
  correlationId: 'bench',
  causationId: null,
};

/** So many changes of SMTP users: entries added, as a platform team would. */
export async function fillJournal(url: string, events: number): Promise<void> {
  const writer = await openDataSource(url, 'postern_journal_writer', { poolSize: 2 });
  const journal = new Journal(writer);
  const streams = Array.from({ length: STREAMS }, () => `smtp-user/${newId()}`);
  const appends = Array.from({ length: events / PER_APPEND }, (_, i) => streams[i % STREAMS] ?? '');
  for (let from = 0; from < appends.length; from += 64) {
    await Promise.all(
      appends.slice(from, from + 64).map((streamId) =>
        journal.append({
          tenantId: 'bench' as TenantId,
          streamId,
          expectedVersion: 'any',
          events: Array.from({ length: PER_APPEND }, added),
          metadata,
        }),
      ),
    );
  }
  await journal.stop();
  await writer.destroy();
}

function added(): NewEvent {
  const entry = {
    id: newId<EntryId>(),
    note: 'office',
    addedBy: 'bench',
    addedAt: '2026-01-01T00:00:00.000Z',
    expiresAt: null,
  };
  return {
    type: 'RestrictionAdded',
    data: { entries: [{ ...entry, range: '203.0.113.0/24', typed: '203.0.113.0/24' }] },
  };
}

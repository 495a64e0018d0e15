import type { JournalId } from '@postern/contracts';
import type { DataSource } from 'typeorm';

/** What tells this journal from every other. As `postern_feed`, `postern_projection` or `postern_audit`. */
export async function loadJournalId(from: Pick<DataSource, 'query'>): Promise<JournalId> {
  const [row] = await from.query<{ id: JournalId }[]>('SELECT id FROM journal.identity');
  if (!row) throw new Error('The table journal.identity is empty. Restore its row from a backup of this database.');
  return row.id;
}

/** Those of the events, by their ids, that this journal does not have. As the same roles; 500 at once take it some milliseconds. */
export async function notInJournal(
  from: Pick<DataSource, 'query'>,
  eventIds: readonly string[],
): Promise<ReadonlySet<string>> {
  if (eventIds.length === 0) return new Set();
  const rows = await from.query<{ id: string }[]>('SELECT id FROM journal.not_in_journal($1::uuid[]) id', [eventIds]);
  return new Set(rows.map(({ id }) => id));
}

import type { JournalId } from '@postern/contracts';
import type { DataSource } from 'typeorm';

/** What tells this journal from every other. As `postern_feed`, `postern_projection` or `postern_audit`. */
export async function loadJournalId(from: Pick<DataSource, 'query'>): Promise<JournalId> {
  const [row] = await from.query<{ id: JournalId }[]>('SELECT id FROM journal.identity');
  if (!row) throw new Error('The table journal.identity is empty. Restore its row from a backup of this database.');
  return row.id;
}

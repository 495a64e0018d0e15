import type { Column } from '@postern/terminal';
import { usageFailure } from '../failure.js';
import type { ListOptions } from '../options.js';
import type { Query } from '../connection/postern-api.js';
import type { Session } from '../session.js';
import { exportList } from './export-list.js';
import { readList } from './read-list.js';

export interface ShownList<Item> {
  readonly path: string;
  readonly query?: Query;
  readonly columns: readonly Column<Item>[];
}

/** Shows a list: as a table, with `--json` as the API's pages, with `--csv` or `--ndjson` all of it as Postern streams it. */
export async function showList<Item>(session: Session, list: ShownList<Item>, options: ListOptions): Promise<void> {
  const { path, query = {}, columns } = list;
  const mediaType = exportType(options);
  if (mediaType !== null && session.output.json) throw usageFailure('Say --json, or --csv, or --ndjson.');
  if (options.bom && !options.csv) throw usageFailure('--bom goes with --csv.');
  // A cursor is that of a page: an export goes on from it too.
  if (mediaType !== null)
    return exportList(
      session,
      path,
      { ...query, cursor: options.cursor, bom: options.bom ? 'true' : undefined },
      mediaType,
    );
  const page = await readList<Item>(session, path, options, query);
  session.output.answer(page, () => session.output.table(columns, page.items));
}

function exportType({ csv, ndjson }: ListOptions): string | null {
  if (csv) return 'text/csv';
  return ndjson ? 'application/x-ndjson' : null;
}

import { Problem } from '@postern/http';
import type { DataSource } from 'typeorm';
import { POLICIES_WHOLE } from './whole.js';

/** What a relay is told until then: it keeps the last policies it had, and comes again. */
export function policiesNotReady(): Problem {
  return new Problem(
    'not-ready',
    'The relay policies are being made from the journal. Keep what you have, and come again.',
    {
      headers: { 'retry-after': '5' },
    },
  );
}

/** Throws `not-ready` where they are not whole. `reader` is connected as `postern_relay_reader`. */
export async function assertPoliciesWhole(reader: DataSource): Promise<void> {
  const [row] = await reader.query<{ whole: boolean }[]>(`SELECT ${POLICIES_WHOLE} AS whole`);
  if (row?.whole !== true) throw policiesNotReady();
}

import { Problem } from '@postern/http';
import type { DataSource } from 'typeorm';
import { POLICIES_COMPLETE } from './policies-complete.js';

export function policiesNotReady(): Problem {
  return new Problem(
    'not-ready',
    'The relay policies are being built from the journal. Keep your policies, and try again.',
    {
      headers: { 'retry-after': '5' },
    },
  );
}

/** @throws `not-ready` if they are not complete. `reader` is connected as `postern_relay_reader`. */
export async function assertPoliciesComplete(reader: DataSource): Promise<void> {
  const [row] = await reader.query<{ complete: boolean }[]>(`SELECT ${POLICIES_COMPLETE} AS complete`);
  if (row?.complete !== true) throw policiesNotReady();
}

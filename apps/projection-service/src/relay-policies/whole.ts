import { Problem } from '@postern/http';
import type { DataSource } from 'typeorm';

/** The name of the consumer that keeps the relay policies, and of its checkpoint. */
export const POLICIES_CONSUMER = 'relay-policies';

/**
 * SQL, true where the relay policies are whole: their consumer has caught up at least once since its checkpoint was empty.
 * A table that is being filled has a digest that fits what is in it, so a relay could not tell that users are missing.
 */
export const POLICIES_WHOLE = `EXISTS (
  SELECT FROM projection.checkpoints WHERE consumer = '${POLICIES_CONSUMER}' AND caught_up_at IS NOT NULL)`;

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

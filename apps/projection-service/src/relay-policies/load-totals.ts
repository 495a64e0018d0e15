import { Problem } from '@postern/http';
import { POLICIES_COMPLETE, totalsOf, type PolicyTotals, type TotalsRecord } from './published-policies.js';

/** `query` returns rows, as `postern_relay_reader`. @throws `not-ready` if the policies are not complete. */
export async function loadTotals(query: (sql: string) => Promise<unknown[]>): Promise<PolicyTotals> {
  const [record] = (await query(TOTALS)) as (TotalsRecord & { readonly complete: boolean })[];
  if (record?.complete === true) return totalsOf(record);
  throw new Problem(
    'not-ready',
    'The relay policies are being built from the journal. Keep your policies, and try again.',
    { headers: { 'retry-after': '5' } },
  );
}

const TOTALS = `SELECT revision, policies, digest, ${POLICIES_COMPLETE} AS complete FROM projection.relay_policy_totals`;

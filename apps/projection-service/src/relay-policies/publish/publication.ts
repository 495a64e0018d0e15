import type { RelayPolicy } from '@postern/contracts';
import type { DataSource } from 'typeorm';
import { POLICIES_COMPLETE, POLICY_LINES } from '../published-policies.js';

export const POLICY_PUBLISHER_LOCK = 8_025_031;

export const PUBLICATION_CHANNEL = 'projection_relay_policy_publication';

type Projection = Pick<DataSource, 'query'>;

/** How many policies are not in the topic yet. */
export async function countUnpublished(projection: Projection): Promise<number> {
  const [row] = await projection.query<{ waiting: number }[]>(
    `SELECT count(*)::integer AS waiting FROM projection.relay_policy_publication publication
       JOIN projection.relay_policies policies ON policies.revision > publication.revision`,
  );
  return row?.waiting ?? 0;
}

export async function publishAgain(projection: Projection): Promise<void> {
  await projection.query(
    `WITH again AS (UPDATE projection.relay_policy_publication SET revision = 0, updated_at = clock_timestamp() RETURNING 1)
     SELECT pg_notify('${PUBLICATION_CHANNEL}', '') FROM again`,
  );
}

/** In revision order. Empty while the policies are being built: a user could be published as unrestricted. */
export async function nextPolicies(
  projection: Projection,
  limit: number,
): Promise<{ readonly from: number; readonly policies: readonly RelayPolicy[] }> {
  const rows = await projection.query<{ from: string; line: string | null }[]>(
    `SELECT publication.revision AS "from", row_to_json(line)::text AS line
       FROM projection.relay_policy_publication publication
       LEFT JOIN LATERAL (${POLICY_LINES} WHERE revision > publication.revision AND ${POLICIES_COMPLETE}
                           ORDER BY revision LIMIT $1) line ON true
      ORDER BY line.revision`,
    [limit],
  );
  const policies = rows.flatMap(({ line }) => (line === null ? [] : [JSON.parse(line) as RelayPolicy]));
  return { from: Number(rows[0]?.from ?? 0), policies };
}

/** Compare-and-set: a request to write all again that comes in between is not lost. */
export async function notePublished(projection: Projection, from: number, to: number): Promise<void> {
  await projection.query(
    'UPDATE projection.relay_policy_publication SET revision = $2, updated_at = clock_timestamp() WHERE revision = $1',
    [from, to],
  );
}

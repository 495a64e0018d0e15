import type { RelayPolicy } from '@postern/contracts';
import type { DataSource } from 'typeorm';
import { POLICIES_COMPLETE } from '../policies-complete.js';
import { POLICY_LINES } from '../policy-lines.js';

export const POLICY_PUBLISHER_LOCK = 8_025_031;

export const PUBLICATION_CHANNEL = 'projection_relay_policy_publication';

export interface Publication {
  readonly published: number;
  readonly revision: number;
  readonly waiting: number;
}

type Projection = Pick<DataSource, 'query'>;

export async function publication(projection: Projection): Promise<Publication> {
  const [row] = await projection.query<Record<keyof Publication, string>[]>(STATE);
  return { published: Number(row?.published), revision: Number(row?.revision), waiting: Number(row?.waiting) };
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
  const [row] = await projection.query<{ revision: string }[]>(
    'SELECT revision FROM projection.relay_policy_publication',
  );
  const from = Number(row?.revision ?? 0);
  const rows = await projection.query<{ line: string }[]>(
    `SELECT row_to_json(line)::text AS line
       FROM (${POLICY_LINES} WHERE revision > $1 AND ${POLICIES_COMPLETE} ORDER BY revision LIMIT $2) line`,
    [from, limit],
  );
  return { from, policies: rows.map(({ line }) => JSON.parse(line) as RelayPolicy) };
}

/** Compare-and-set: a request to write all again that comes in between is not lost. */
export async function notePublished(projection: Projection, from: number, to: number): Promise<void> {
  await projection.query(
    'UPDATE projection.relay_policy_publication SET revision = $2, updated_at = clock_timestamp() WHERE revision = $1',
    [from, to],
  );
}

const STATE = `
  SELECT publication.revision AS published, totals.revision,
         (SELECT count(*) FROM projection.relay_policies WHERE relay_policies.revision > publication.revision) AS waiting
    FROM projection.relay_policy_publication publication, projection.relay_policy_totals totals`;

import type { RelayPolicy } from '@postern/contracts';
import type { DataSource } from 'typeorm';
import { POLICIES_COMPLETE } from '../policies-complete.js';
import { POLICY_LINES } from '../policy-lines.js';

/** One process at a time writes the policies' topic. */
export const POLICY_PUBLISHER_LOCK = 8_025_031;

/** NOTIFY's channel for one who asks that all policies be written again. */
export const PUBLICATION_CHANNEL = 'projection_relay_policy_publication';

/** How far the policies' topic is written. */
export interface Publication {
  /** The revision up to which all was written. */
  readonly published: number;
  /** The newest one there is. */
  readonly revision: number;
  /** Policies that are still to be written. */
  readonly waiting: number;
}

type Projection = Pick<DataSource, 'query'>;

/** `projection` is connected as `postern_projection`, here and below. */
export async function publication(projection: Projection): Promise<Publication> {
  const [row] = await projection.query<Record<keyof Publication, string>[]>(STATE);
  return { published: Number(row?.published), revision: Number(row?.revision), waiting: Number(row?.waiting) };
}

/** Has whichever process publishes write every policy again, from the first revision on. */
export async function publishAgain(projection: Projection): Promise<void> {
  await projection.query(
    `WITH again AS (UPDATE projection.relay_policy_publication SET revision = 0, updated_at = clock_timestamp() RETURNING 1)
     SELECT pg_notify('${PUBLICATION_CHANNEL}', '') FROM again`,
  );
}

/**
 * The next policies behind what was published, in the revisions' order, which is that of the commits. None while the policies are being
 * made from the journal: a user who is not restricted yet would be published as one who may come from anywhere.
 */
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

/** Compare-and-set: where somebody has asked for all again meanwhile, that stays. */
export async function notePublished(projection: Projection, from: number, to: number): Promise<void> {
  await projection.query(
    'UPDATE projection.relay_policy_publication SET revision = $2, updated_at = clock_timestamp() WHERE revision = $1',
    [from, to],
  );
}

/** By the index relay_policies_by_revision. */
const STATE = `
  SELECT publication.revision AS published, totals.revision,
         (SELECT count(*) FROM projection.relay_policies WHERE relay_policies.revision > publication.revision) AS waiting
    FROM projection.relay_policy_publication publication, projection.relay_policy_totals totals`;

import type { DataSource } from 'typeorm';

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

/** `projection` is connected as `postern_projection`. */
export async function publication(projection: Pick<DataSource, 'query'>): Promise<Publication> {
  const [row] = await projection.query<Record<keyof Publication, string>[]>(STATE);
  return { published: Number(row?.published), revision: Number(row?.revision), waiting: Number(row?.waiting) };
}

/** Has whichever process publishes write every policy again, from the first revision on. */
export async function publishAgain(projection: Pick<DataSource, 'query'>): Promise<void> {
  await projection.query(
    `WITH again AS (UPDATE projection.relay_policy_publication SET revision = 0, updated_at = clock_timestamp() RETURNING 1)
     SELECT pg_notify('${PUBLICATION_CHANNEL}', '') FROM again`,
  );
}

/** By the index relay_policies_by_revision. */
const STATE = `
  SELECT publication.revision AS published, totals.revision,
         (SELECT count(*) FROM projection.relay_policies WHERE relay_policies.revision > publication.revision) AS waiting
    FROM projection.relay_policy_publication publication, projection.relay_policy_totals totals`;

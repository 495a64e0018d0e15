import { TOPICS, type Recorded, type SmtpUserEvent } from '@postern/contracts';
import type { ReadModel } from '@postern/read-models';
import { KeptRevisions, NO_REVISION_YET } from './kept-revisions.js';
import { applyPolicies } from './project/apply-policies.js';
import { POLICIES_CONSUMER } from './published-policies.js';

export const relayPoliciesModel: ReadModel = {
  name: 'relay-policies',
  schema: 'projection',
  consumer: POLICIES_CONSUMER,
  topics: [TOPICS.smtpUsers],
  tables: [
    {
      name: 'relay_policy_totals',
      key: `'totals'`,
      subject: '',
      group: null,
      compared: null,
      start: `INSERT INTO relay_policy_totals (revision, policies, digest) VALUES (${NO_REVISION_YET}, 0, '\\x0000000000000000')`,
    },
    {
      name: 'relay_policies',
      key: `smtp_user_id || ' ' || username_key`,
      subject: 'smtp_user_id',
      group: null,
      // The others are a rebuild's tombstones of users that the journal does not have.
      where: 'claimed_at > 0',
      compared: `smtp_user_id, username_key, tenant_id, username, mode, enforce_at, restricted, entries::text, version, event_id,
                 claimed_at, removed, digest`,
    },
  ],
  streams: { category: 'smtp-user', table: 'relay_policies', version: 'version', versionOf: ({ version }) => version },
  fill: 'stream',
  /** Each username has one published row, that of its last owner, and the totals are those of the published rows. */
  contradictions: `
    SELECT 'relay_policies' AS "table", username_key AS key
      FROM projection.relay_policies, LATERAL (SELECT (NOT removed)::integer::bigint << 60 | claimed_at AS rank) r
     GROUP BY username_key
    HAVING count(revision) <> 1 OR max(rank) <> max(rank) FILTER (WHERE revision IS NOT NULL)
     UNION ALL
    SELECT 'relay_policy_totals', 'totals' FROM (
           SELECT count(*) FILTER (WHERE NOT removed) AS policies, coalesce(bit_xor(('x' || encode(digest, 'hex'))::bit(64)), 0::bit(64)) AS digest
             FROM projection.relay_policies WHERE revision IS NOT NULL) sent
     WHERE NOT EXISTS (SELECT FROM projection.relay_policy_totals t
                        WHERE t.policies = sent.policies AND ('x' || encode(t.digest, 'hex'))::bit(64) = sent.digest)`,
  write: (manager, events) => applyPolicies(manager, events as readonly Recorded<SmtpUserEvent>[]),
  rebuilding: () => new KeptRevisions(),
};

/**
 * The members of a `RelayPolicy`, for `row_to_json`: PostgreSQL writes the JSON, this process copies it. They are in the order in which
 * `policyDigest` and the relay's `PolicyReader` read them.
 */
export const POLICY_MEMBERS =
  'username, tenant_id AS "tenantId", smtp_user_id AS "smtpUserId", version, restricted, mode, enforce_at AS "enforceAt", entries, revision, removed';

/** One JSON text per row: `SELECT row_to_json(line)::text FROM (POLICY_LINES WHERE …) line`. */
export const POLICY_LINES = `SELECT ${POLICY_MEMBERS} FROM projection.relay_policies`;

/**
 * The members of a policy as relays read it, in the order of `RelayPolicy`, as columns of a subselect that `row_to_json` takes.
 * PostgreSQL writes the JSON: this process then does little more than copy it.
 */
export const POLICY_MEMBERS =
  'username, tenant_id AS "tenantId", smtp_user_id AS "smtpUserId", restricted, mode, entries, version, revision, removed';

/** One JSON text a row: `SELECT row_to_json(line)::text FROM (POLICY_LINES WHERE …) line`. */
export const POLICY_LINES = `SELECT ${POLICY_MEMBERS} FROM projection.relay_policies`;

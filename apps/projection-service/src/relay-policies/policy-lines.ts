/**
 * Policies as relays read them, one JSON text a row: `SELECT row_to_json(line)::text FROM (POLICY_LINES WHERE …) line`.
 * The columns are the members of `RelayPolicy`, in its order. PostgreSQL writes the JSON: a snapshot of a million
 * policies then costs this process little more than copying it.
 */
export const POLICY_LINES = `
  SELECT username, tenant_id AS "tenantId", smtp_user_id AS "smtpUserId", restricted, mode, entries, version, revision, removed
    FROM projection.relay_policies`;

/** The roles as which Postern's modules connect; none may pass by row-level security. */
export const DATABASE_ROLES = [
  'postern_journal_writer',
  'postern_command',
  'postern_feed',
  'postern_access',
  'postern_projection',
  'postern_directory_reader',
  'postern_relay_reader',
  'postern_audit',
  'postern_audit_reader',
] as const;
export type DatabaseRole = (typeof DATABASE_ROLES)[number];

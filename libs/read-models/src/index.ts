export { isEqual, type Comparison, type ReadModel, type Rebuilding, type Report } from './read-model.js';
export { rebuild, type Rebuilt } from './rebuild.js';
export { verify } from './verify.js';
export { SmtpUserRows } from './smtp-users/smtp-user-rows.js';
export {
  SMTP_USER_TABLES,
  smtpUserColumns,
  smtpUserOf,
  smtpUserTablesSql,
  type KnownSmtpUser,
  type SmtpUserRecord,
} from './smtp-users/smtp-user-tables.js';

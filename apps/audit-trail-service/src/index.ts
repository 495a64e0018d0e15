export { AuditTrailServiceModule } from './audit-trail-service.module.js';
export { DEFAULT_DENIAL_STREAM_LIMITS } from './live-denials/denial-streams.js';
export { auditSchema } from './schema/audit-schema.js';
export { LOGIN_LIMITS } from './sources/read-login.js';

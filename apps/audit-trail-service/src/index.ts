export { AuditTrailServiceModule } from './audit-trail-service.module.js';
export { auditSchema } from './schema/audit-schema.js';

import type { ProblemTranslator } from '@postern/http';

export { AuditTrailServiceModule } from './audit-trail-service.module.js';
export { auditSchema } from './schema/audit-schema.js';

/** This service's own libraries throw nothing that a caller must be told in another way. */
export const problems: readonly ProblemTranslator[] = [];

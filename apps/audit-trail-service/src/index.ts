import type { ProblemTranslator } from '@postern/http';

export { changesModel } from './changes/changes-model.js';
export { denialsModel } from './denials/denials-model.js';
export { AuditTrailServiceModule } from './audit-trail-service.module.js';
export { DeadLetter } from './dead-letters/dead-letter.entity.js';
export { discardDeadLetter, findDeadLetter, listDeadLetters } from './dead-letters/dead-letters.js';
export { retryDeadLetter, type Retried } from './dead-letters/retry-dead-letter.js';
export { auditSchema } from './schema/audit-schema.js';

/** This service's own libraries throw nothing that a caller must be told in another way. */
export const problems: readonly ProblemTranslator[] = [];

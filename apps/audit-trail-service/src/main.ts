import 'reflect-metadata';
import { journalSchema } from '@postern/event-store';
import { accessSchema } from '@postern/access';
import { runProcess, startService, type ServiceParts } from '@postern/process';
import { AuditTrailServiceModule } from './audit-trail-service.module.js';
import { auditSchema } from './schema/audit-schema.js';

const parts = {
  name: 'audit-trail-service',
  module: AuditTrailServiceModule,
  bus: 'reads',
  schemas: [journalSchema, accessSchema, auditSchema],
} satisfies ServiceParts;

runProcess('The audit-trail-service', 8028, (settings) => startService(parts, settings));

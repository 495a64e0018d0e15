import 'reflect-metadata';
import { journalSchema } from '@postern/event-store';
import { accessSchema, runProcess, startService } from '@postern/service-kit';
import { AuditTrailServiceModule } from './audit-trail-service.module.js';
import { auditSchema, problems } from './index.js';

const parts = {
  name: 'audit-trail-service',
  module: AuditTrailServiceModule,
  problems,
  schemas: [journalSchema, accessSchema, auditSchema],
};

runProcess('The audit-trail-service', 8028, (settings) => startService(parts, settings));

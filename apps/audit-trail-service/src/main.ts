import 'reflect-metadata';
import { journalSchema } from '@postern/event-store';
import { accessSchema } from '@postern/access';
import { loginsSchema } from '@postern/observed-logins';
import { startService, type ServiceParts } from '@postern/process';
import { runProcess } from '@postern/process-life';
import { loadSettings } from '@postern/settings';
import { runServer } from '@postern/terminal';
import { AuditTrailServiceModule } from './audit-trail-service.module.js';
import { auditSchema } from './schema/audit-schema.js';

const parts = {
  name: 'audit-trail-service',
  module: AuditTrailServiceModule,
  bus: ['reads'],
  schemas: [journalSchema, accessSchema, auditSchema, loginsSchema],
} satisfies ServiceParts;

await runServer(
  'postern audit-trail-service',
  'Runs one of Postern’s services; `postern services` runs all of them.',
  () => runProcess('The audit-trail-service', () => startService(parts, loadSettings(process.env, 8028))),
);

import 'reflect-metadata';
import { journalSchema } from '@postern/event-store';
import { accessSchema } from '@postern/access';
import { startService, type ServiceParts } from '@postern/process';
import { runProcess } from '@postern/process-life';
import { loadSettings } from '@postern/settings';
import { runServer } from '@postern/terminal';
import { ProjectionServiceModule } from './projection-service.module.js';
import { projectionSchema } from './schema/projection-schema.js';

const parts = {
  name: 'projection-service',
  module: ProjectionServiceModule,
  bus: ['reads'],
  schemas: [journalSchema, accessSchema, projectionSchema],
} satisfies ServiceParts;

await runServer(
  'postern projection-service',
  'Runs one of Postern’s services; `postern services` runs all of them.',
  () => runProcess('The projection-service', () => startService(parts, loadSettings(process.env, 8027))),
);

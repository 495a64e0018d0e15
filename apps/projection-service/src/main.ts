import 'reflect-metadata';
import { journalSchema } from '@postern/event-store';
import { accessSchema } from '@postern/access';
import { runProcess, startService, type ServiceParts } from '@postern/process';
import { ProjectionServiceModule } from './projection-service.module.js';
import { projectionSchema } from './schema/projection-schema.js';

const parts = {
  name: 'projection-service',
  module: ProjectionServiceModule,
  bus: 'reads',
  schemas: [journalSchema, accessSchema, projectionSchema],
} satisfies ServiceParts;

runProcess('The projection-service', 8027, (settings) => startService(parts, settings));

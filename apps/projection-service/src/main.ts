import 'reflect-metadata';
import { journalSchema } from '@postern/event-store';
import { accessSchema, runProcess, startService } from '@postern/service-kit';
import { problems } from './problems.js';
import { ProjectionServiceModule } from './projection-service.module.js';
import { projectionSchema } from './schema/projection-schema.js';

const parts = {
  name: 'projection-service',
  module: ProjectionServiceModule,
  problems,
  schemas: [journalSchema, accessSchema, projectionSchema],
};

runProcess('The projection-service', 8027, (settings) => startService(parts, settings));

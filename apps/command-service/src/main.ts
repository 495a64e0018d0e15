import 'reflect-metadata';
import { journalSchema } from '@postern/event-store';
import { accessSchema } from '@postern/access';
import { startService, type ServiceParts } from '@postern/process';
import { keepOperatorKey, runProcess, unshownOperatorKey } from '@postern/process-life';
import { loadSettings } from '@postern/settings';
import { ensureFirstOperatorKey } from './api-key/first-operator-key.js';
import { CommandServiceModule } from './command-service.module.js';
import { problems } from './write/problems.js';

const parts = {
  name: 'command-service',
  module: CommandServiceModule,
  problems,
  bus: 'publishes',
  schemas: [journalSchema, accessSchema],
  firstKey: async (app, { operatorKey, dataDir }) => {
    await ensureFirstOperatorKey(app, operatorKey, (made) => keepOperatorKey(dataDir, made));
    return operatorKey === null ? unshownOperatorKey(dataDir) : null;
  },
} satisfies ServiceParts;

runProcess('The command-service', () => startService(parts, loadSettings(process.env, 8026)));

import 'reflect-metadata';
import { journalSchema } from '@postern/event-store';
import { accessSchema } from '@postern/access';
import { loginsSchema } from '@postern/observed-logins';
import { startService, type ServiceParts } from '@postern/process';
import { runProcess } from '@postern/process-life';
import { loadSettings } from '@postern/settings';
import { runServer } from '@postern/terminal';
import { firstOperator } from './api-key/first-operator-key.js';
import { CommandServiceModule } from './command-service.module.js';
import { firstSignInPath } from './session/sessions.js';

const parts = {
  name: 'command-service',
  module: CommandServiceModule,
  bus: ['publishes'],
  schemas: [journalSchema, accessSchema, loginsSchema],
  firstOperator: async (app, runtime) => ({
    firstKey: await firstOperator(app, runtime),
    // The supervisor prints it on its terminal. A service on its own prints a log, which must not contain a secret.
    signInPath: process.connected ? await firstSignInPath(app) : null,
  }),
} satisfies ServiceParts;

await runServer('postern command-service', 'Runs one of Postern’s services; `postern services` runs all of them.', () =>
  runProcess('The command-service', () => startService(parts, loadSettings(process.env, 8026))),
);

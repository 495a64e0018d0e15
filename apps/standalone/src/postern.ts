import { Logger } from '@nestjs/common';
import { firstOperator, firstSignInPath } from '@postern/command-service';
import { Readiness } from '@postern/observe';
import { startService, type ServiceParts } from '@postern/process';
import type { Running } from '@postern/process-life';
import type { Settings } from '@postern/settings';
import { openDatabase } from './database.js';
import { STANDALONE_BUS, StandaloneModule } from './standalone.module.js';

/** @throws an `Error` that says what to do, with nothing left running. */
export async function startPostern(settings: Settings): Promise<Running> {
  const logger = new Logger('embedded-postgresql');
  const database = await openDatabase(settings, (running, message) =>
    running ? logger.log(message) : logger.error(message),
  );
  const parts: ServiceParts = {
    name: 'standalone',
    module: StandaloneModule,
    bus: STANDALONE_BUS,
    // `openDatabase` has just updated them.
    schemas: [],
    firstOperator: async (app, runtime) => {
      app.get(Readiness).add('embedded-postgresql', () => database.problem());
      return { firstKey: await firstOperator(app, runtime), signInPath: await firstSignInPath(app) };
    },
  };
  try {
    const running = await startService(parts, { ...settings, databaseUrl: database.url });
    return {
      ...running,
      stop: async () => {
        await running.stop();
        await database.stop();
      },
    };
  } catch (error) {
    await database.stop();
    throw error;
  }
}

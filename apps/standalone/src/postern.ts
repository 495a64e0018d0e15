import { Logger } from '@nestjs/common';
import { ensureFirstOperatorKey, firstSignInPath } from '@postern/command-service';
import { apiPage, createHttpApp, listenAsSet, reportPresence } from '@postern/process';
import { keepOperatorKey, operatorKeyLocation, operatorKeyNotShown, type Running } from '@postern/process-life';
import { Readiness } from '@postern/observe';
import { type Settings } from '@postern/settings';
import { openDatabase } from './database.js';
import { StandaloneModule } from './standalone.module.js';

/** Starts everything in this process. @throws an `Error` that says what to do, with nothing left running. */
export async function startPostern(settings: Settings): Promise<Running> {
  const logger = new Logger('embedded-postgresql');
  const database = await openDatabase(settings, (running, message) =>
    running ? logger.log(message) : logger.error(message),
  );
  try {
    const runtime = { ...settings, databaseUrl: database.url };
    const app = await createHttpApp(StandaloneModule.forRoot(runtime), runtime);
    app.get(Readiness).add('embedded-postgresql', () => database.trouble());
    try {
      const { operatorKey, dataDir } = settings;
      await ensureFirstOperatorKey(app, operatorKey, (made) => keepOperatorKey(dataDir, made));
      await listenAsSet(() => app.listen(settings.httpPort, settings.httpHost), settings);
      reportPresence(app, 'standalone');
      const url = await app.getUrl();
      return {
        url,
        details: [apiPage(url)],
        keyLocation: operatorKeyLocation(settings),
        firstKey: operatorKey === null ? await operatorKeyNotShown(dataDir) : null,
        signInPath: await firstSignInPath(app),
        stop: async () => {
          await app.close();
          await database.stop();
        },
      };
    } catch (error) {
      await app.close();
      throw error;
    }
  } catch (error) {
    await database.stop();
    throw error;
  }
}

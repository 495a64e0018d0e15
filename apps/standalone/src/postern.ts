import { problems as auditProblems } from '@postern/audit-trail-service';
import { ensureFirstOperatorKey, problems as commandProblems } from '@postern/command-service';
import { problems as projectionProblems } from '@postern/projection-service';
import { createHttpApp, type Settings } from '@postern/service-kit';
import { openDatabase } from './database.js';
import { keepOperatorKey } from './operator-key.js';
import { StandaloneModule } from './standalone.module.js';

/** A Postern that runs in this process. */
export interface Postern {
  /** `http://host:port` */
  readonly url: string;
  /** Only where this start made the key: it is told once. */
  readonly operatorKey: string | null;
  readonly operatorKeyFile: string | null;
  /** Finishes what was accepted, ends the streams and stops the embedded database. */
  stop(): Promise<void>;
}

/** Starts everything in this process. Throws an `Error` whose message tells what to do, and leaves nothing running. */
export async function startPostern(settings: Settings): Promise<Postern> {
  const database = await openDatabase(settings);
  try {
    const runtime = { ...settings, databaseUrl: database.url };
    const translators = [...commandProblems, ...projectionProblems, ...auditProblems];
    const app = await createHttpApp(StandaloneModule.forRoot(runtime), runtime, translators);
    try {
      const operatorKey = await ensureFirstOperatorKey(app, settings.operatorKey);
      const operatorKeyFile = operatorKey === null ? null : await keepOperatorKey(settings.dataDir, operatorKey);
      await app.listen(settings.httpPort, settings.httpHost);
      return {
        url: await app.getUrl(),
        operatorKey,
        operatorKeyFile,
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

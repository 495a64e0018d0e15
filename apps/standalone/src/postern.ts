import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ensureFirstOperatorKey } from '@postern/command-service';
import { createHttpApp, SettingInvalid, type Settings } from '@postern/service-kit';
import { openDatabase } from './database.js';
import { keepOperatorKey } from './operator-key.js';
import { problems } from './problems.js';
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
  if (settings.kafka)
    throw new SettingInvalid(
      'POSTERN_KAFKA_BROKERS is for the services, each in a process of its own: leave it out here.',
    );
  const database = await openDatabase(settings);
  try {
    const runtime = { ...settings, databaseUrl: database.url };
    const app = await createHttpApp(StandaloneModule.forRoot(runtime), runtime, problems);
    try {
      const operatorKey = await ensureFirstOperatorKey(app, settings.operatorKey);
      const operatorKeyFile = operatorKey === null ? null : await keepOperatorKey(settings.dataDir, operatorKey);
      await listen(app, settings);
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

const LISTEN_TROUBLE: Readonly<Record<string, (settings: Settings) => string>> = {
  EADDRINUSE: (s) => `POSTERN_HTTP_PORT ${s.httpPort} is taken on ${s.httpHost}: set a free one, or 0 for any.`,
  EACCES: (s) => `POSTERN_HTTP_PORT ${s.httpPort} is not for this user to take: set one above 1023.`,
  EADDRNOTAVAIL: (s) => `POSTERN_HTTP_HOST ${s.httpHost} is no address of this machine.`,
};

async function listen(app: NestFastifyApplication, settings: Settings): Promise<void> {
  try {
    await app.listen(settings.httpPort, settings.httpHost);
  } catch (error) {
    const trouble = LISTEN_TROUBLE[(error as NodeJS.ErrnoException).code ?? ''];
    throw trouble ? new SettingInvalid(trouble(settings), { cause: error }) : error;
  }
}

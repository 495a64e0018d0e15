import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ensureFirstOperatorKey } from '@postern/command-service';
import { createHttpApp, reportPresence } from '@postern/process';
import { loadSettings, type RuntimeSettings } from '@postern/settings';
import { asking, createTestDatabase, type Ask } from '@postern/testing';
import { migrateAll } from '../database.js';
import { StandaloneModule } from '../standalone.module.js';

/** All services in the process of the test, on a port of the loopback. */
export interface StartedPostern {
  readonly app: NestFastifyApplication;
  readonly url: string;
  /** The owner's. */
  readonly databaseUrl: string;
  readonly operatorKey: string;
  readonly operator: Ask;
  /** Another one on the same database, with the same settings. */
  another(): Promise<NestFastifyApplication>;
  end(): Promise<void>;
}

type RootModule = Parameters<typeof createHttpApp>[0];

/** Starts it on a new database. `rootOf` makes its root module, by default that of `npm start`. */
export async function startPostern(
  environment: NodeJS.ProcessEnv = {},
  rootOf: (settings: RuntimeSettings) => RootModule = (settings) => StandaloneModule.forRoot(settings),
): Promise<StartedPostern> {
  const database = await createTestDatabase('standalone', migrateAll);
  const settings = { ...loadSettings({ POSTERN_LOG_LEVEL: 'silent', ...environment }), databaseUrl: database.url };
  const another = async () => {
    const app = await createHttpApp(rootOf(settings), settings);
    await app.listen(0, '127.0.0.1');
    reportPresence(app, 'standalone');
    return app;
  };
  const app = await another();
  const operatorKey = (await ensureFirstOperatorKey(app, null)) ?? '';
  const url = await app.getUrl();
  return {
    app,
    url,
    databaseUrl: database.url,
    operatorKey,
    operator: asking(url, operatorKey),
    another,
    end: async () => {
      await app.close();
      await database.drop();
    },
  };
}

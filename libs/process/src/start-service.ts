import type { DynamicModule, Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { assertUpToDate, type SchemaComponent } from '@postern/database';
import { AccessModule } from '@postern/access';
import type { ProblemTranslator } from '@postern/http';
import { SettingInvalid, type Settings, SettingsModule, type RuntimeSettings } from '@postern/settings';
import { busModules } from './event-bus/event-bus.module.js';
import { createHttpApp } from './http-app.js';
import { ObserveModule } from './observe/observe.module.js';
import { operatorKeyPlace, type FirstKey } from './first-key.js';
import { listenAsSet } from './listen.js';
import type { Running } from './run-process.js';

/** What a service is made of. */
export interface ServiceParts {
  readonly name: string;
  readonly module: Type;
  readonly problems: readonly ProblemTranslator[];
  readonly bus: 'reads' | 'publishes';
  /** What it works on: the start is refused where one is not up to date. */
  readonly schemas: readonly SchemaComponent[];
  /** Where it keeps keys: makes the first operator's; returns it where nobody has seen it yet, else null. */
  readonly firstKey?: (app: NestFastifyApplication, settings: RuntimeSettings) => Promise<FirstKey | null>;
}

/**
 * Starts one service as a process of its own: settings, logger, health, metrics, keys, its database and its bus. Its
 * database must be up to date: `npm run migrate` sees to that. Throws an `Error` that tells what to do, and leaves nothing
 * running.
 */
export async function startService(parts: ServiceParts, settings: Settings): Promise<Running> {
  const runtime = { ...settings, databaseUrl: databaseUrlOf(settings, parts.name) };
  for (const component of parts.schemas) await assertUpToDate(runtime.databaseUrl, component);
  const app = await createHttpApp(serviceModule(parts, runtime), runtime, parts.problems);
  try {
    const firstKey = (await parts.firstKey?.(app, runtime)) ?? null;
    await listenAsSet(() => app.listen(settings.httpPort, settings.httpHost), settings);
    const keyPlace = parts.firstKey ? { keyPlace: operatorKeyPlace(settings) } : {};
    return { url: await app.getUrl(), ...keyPlace, firstKey, stop: () => app.close() };
  } catch (error) {
    await app.close();
    throw error;
  }
}

/** What runs in the process of one service: its module, and what every service needs beside it. */
export function serviceModule(
  { module, bus }: Pick<ServiceParts, 'module' | 'bus'>,
  settings: RuntimeSettings,
): DynamicModule {
  return {
    module: class ServiceProcess {},
    imports: [SettingsModule.forRoot(settings), ObserveModule, AccessModule, ...busModules(settings, [bus]), module],
  };
}

function databaseUrlOf({ databaseUrl }: Settings, name: string): string {
  if (databaseUrl !== null) return databaseUrl;
  throw new SettingInvalid(
    `POSTERN_DATABASE_URL must be set: the ${name} starts no database of its own. \`npm run services\` starts one, and all services on it.`,
  );
}

import type { AddressInfo } from 'node:net';
import type { DynamicModule, Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { assertUpToDate, type SchemaComponent } from '@postern/database';
import { AccessModule } from '@postern/access';
import { SettingInvalid, type Settings, SettingsModule, type RuntimeSettings } from '@postern/settings';
import { eventBusModule } from './event-bus.module.js';
import { Presence } from './presence/presence.js';
import { PublisherModule } from './publisher.module.js';
import { createHttpApp } from './http-app.js';
import { ObserveModule } from './operation.controller.js';
import { operatorKeyLocation, type Running } from '@postern/process-life';

export interface ServiceParts {
  readonly name: string;
  readonly module: Type | DynamicModule;
  /** `reads`: gets `EVENT_BUS` (Kafka or the feed). `publishes`: sends the journal's events to Kafka. */
  readonly bus: readonly ('reads' | 'publishes')[];
  readonly schemas: readonly SchemaComponent[];
  /** Creates the first operator key, and returns what to show. */
  readonly firstOperator?: (
    app: NestFastifyApplication,
    settings: RuntimeSettings,
  ) => Promise<Pick<Running, 'firstKey' | 'signInPath'>>;
}

/** @throws an `Error` that says what to do, also if the database is not up to date (`npm run migrate`). */
export async function startService(parts: ServiceParts, settings: Settings): Promise<Running> {
  const runtime = { ...settings, databaseUrl: databaseUrlOf(settings, parts.name) };
  for (const component of parts.schemas) await assertUpToDate(runtime.databaseUrl, component);
  const app = await createHttpApp(serviceModule(parts, runtime), runtime);
  try {
    const firstOperator = await parts.firstOperator?.(app, runtime);
    await listenAsSet(() => app.listen(settings.httpPort, settings.httpHost), settings);
    const keyLocation = firstOperator ? { keyLocation: operatorKeyLocation(settings) } : {};
    reportPresence(app, parts.name);
    const url = await app.getUrl();
    return { url, details: [apiPage(url)], ...keyLocation, ...firstOperator, stop: () => app.close() };
  } catch (error) {
    await app.close();
    throw error;
  }
}

export function reportPresence(app: NestFastifyApplication, service: string): void {
  app.get(Presence).start(service, (app.getHttpServer().address() as AddressInfo).port);
}

export function serviceModule(
  { module, bus }: Pick<ServiceParts, 'module' | 'bus'>,
  settings: RuntimeSettings,
): DynamicModule {
  const buses = [
    ...(bus.includes('reads') ? [eventBusModule(settings)] : []),
    ...(bus.includes('publishes') && settings.kafka !== null ? [PublisherModule] : []),
  ];
  return {
    module: class ServiceProcess {},
    imports: [SettingsModule.forRoot(settings), ObserveModule, AccessModule, ...buses, module],
  };
}

function databaseUrlOf({ databaseUrl }: Settings, name: string): string {
  if (databaseUrl !== null) return databaseUrl;
  throw new SettingInvalid(
    `POSTERN_DATABASE_URL must be set: the ${name} starts no database of its own. \`postern services\` starts one, and all services on it.`,
  );
}

export function apiPage(url: string): string {
  return `API page: ${url}/docs`;
}

type Address = Pick<Settings, 'httpHost' | 'httpPort'>;

const LISTEN_ERRORS: Readonly<Record<string, (address: Address) => string>> = {
  EADDRINUSE: (p) => `POSTERN_HTTP_PORT ${p.httpPort} is taken on ${p.httpHost}: set a free one, or 0 for any.`,
  EACCES: (p) => `POSTERN_HTTP_PORT ${p.httpPort} is not allowed for this user: set one above 1023.`,
  EADDRNOTAVAIL: (p) => `POSTERN_HTTP_HOST ${p.httpHost} is not an address of this machine.`,
};

/** @throws `SettingInvalid` if the address or port is not available. */
export async function listenAsSet(listen: () => Promise<unknown>, settings: Address): Promise<void> {
  try {
    await listen();
  } catch (error) {
    const message = LISTEN_ERRORS[(error as NodeJS.ErrnoException).code ?? ''];
    throw message ? new SettingInvalid(message(settings), { cause: error }) : error;
  }
}

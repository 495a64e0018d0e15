import type { DynamicModule } from '@nestjs/common';
import type { Settings } from './settings.js';

/** What the modules of a running process may ask for: the settings, with the database that was found or started. */
export type RuntimeSettings = Omit<Settings, 'databaseUrl'> & { readonly databaseUrl: string };

/** The token under which `RuntimeSettings` are injected. */
export const SETTINGS = Symbol('settings');

export class SettingsModule {
  static forRoot(settings: RuntimeSettings): DynamicModule {
    return {
      module: SettingsModule,
      global: true,
      providers: [{ provide: SETTINGS, useValue: settings }],
      exports: [SETTINGS],
    };
  }
}

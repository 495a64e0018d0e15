import type { DynamicModule } from '@nestjs/common';
import type { Settings } from './settings.js';

/** With the URL of the database that was found or started. */
export type RuntimeSettings = Omit<Settings, 'databaseUrl'> & { readonly databaseUrl: string };

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

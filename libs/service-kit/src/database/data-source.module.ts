import type { DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { openDataSource, type DatabaseRole } from '@postern/database';
import type { EntitySchema } from 'typeorm';
import { SETTINGS, type RuntimeSettings } from '../settings/settings.module.js';

/** A TypeORM data source that connects as `role`; inject it by `@InjectDataSource('<role>')`. One module owns a role. */
export function dataSourceModule(
  role: DatabaseRole,
  options: { readonly poolSize: number; readonly entities?: (EntitySchema | (new () => object))[] },
): DynamicModule {
  return TypeOrmModule.forRootAsync({
    name: role,
    inject: [SETTINGS],
    useFactory: (settings: RuntimeSettings) => ({ type: 'postgres', url: settings.databaseUrl, retryAttempts: 0 }),
    dataSourceFactory: (given) => openDataSource((given as { url: string }).url, role, options),
  });
}

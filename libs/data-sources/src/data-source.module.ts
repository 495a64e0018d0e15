import type { DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { openDataSource, type DatabaseRole, type DataSourceSettings } from '@postern/database';
import { SETTINGS, type RuntimeSettings } from '@postern/settings';
import { observedPools, type PoolFigures } from './pool-metrics.js';

/** A TypeORM data source as `role`; inject it with `@InjectDataSource('<role>')`. Only one module per role. */
export function dataSourceModule(role: DatabaseRole, options: DataSourceSettings): DynamicModule {
  return TypeOrmModule.forRootAsync({
    name: role,
    inject: [SETTINGS],
    useFactory: (settings: RuntimeSettings) => ({ type: 'postgres', url: settings.databaseUrl, retryAttempts: 0 }),
    dataSourceFactory: async (given) => {
      const dataSource = await openDataSource((given as { url: string }).url, role, options);
      observedPools.set(role, (dataSource.driver as unknown as { master: PoolFigures }).master);
      return dataSource;
    },
  });
}

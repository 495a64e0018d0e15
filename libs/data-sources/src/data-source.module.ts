import type { DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { listenerFigures, openDataSource, type DatabaseRole, type DataSourceSettings } from '@postern/database';
import { counter, gauge } from '@postern/observe';
import { SETTINGS, type RuntimeSettings } from '@postern/settings';

/** A TypeORM data source as `role`; inject it with `@InjectDataSource('<role>')`. Only one module per role. */
export function dataSourceModule(role: DatabaseRole, options: DataSourceSettings): DynamicModule {
  return TypeOrmModule.forRootAsync({
    name: role,
    inject: [SETTINGS],
    useFactory: (settings: RuntimeSettings) => ({ type: 'postgres', url: settings.databaseUrl, retryAttempts: 0 }),
    dataSourceFactory: async (given) => {
      const dataSource = await openDataSource((given as { url: string }).url, role, options);
      pools.set(role, (dataSource.driver as unknown as { master: PoolFigures }).master);
      return dataSource;
    },
  });
}

interface PoolFigures {
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount: number;
}

const pools = new Map<string, PoolFigures>();

gauge(
  'postern_database_connections',
  'Connections of a pool, by database role: in use, or idle.',
  ['role', 'state'],
  (metric) => {
    for (const [role, { totalCount, idleCount }] of pools) {
      metric.set({ role, state: 'idle' }, idleCount);
      metric.set({ role, state: 'used' }, totalCount - idleCount);
    }
  },
);

gauge(
  'postern_database_waiting_requests',
  'Requests that wait for a connection of the pool, by database role.',
  ['role'],
  (metric) => {
    for (const [role, { waitingCount }] of pools) metric.set({ role }, waitingCount);
  },
);

counter(
  'postern_wakes_total',
  'How often a change was found in the database, after a notification or by a poll',
  ['listener', 'by'],
  (metric) => {
    metric.reset();
    for (const { name, found } of listenerFigures()) {
      metric.inc({ listener: name, by: 'notification' }, found.notification);
      metric.inc({ listener: name, by: 'poll' }, found.poll);
    }
  },
);

gauge(
  'postern_listener_connected',
  '1 while the connection of the listener answers its probes. Otherwise changes are found by polls, a second late.',
  ['listener'],
  (metric) => {
    metric.reset();
    for (const { name, listening } of listenerFigures()) metric.set({ listener: name }, listening ? 1 : 0);
  },
);

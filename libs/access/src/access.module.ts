import { Global, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { dataSourceModule } from '@postern/data-sources';
import { RequestLimits } from './rate-limits.js';
import { accessEntities } from './access-schema.js';
import { AccessCheck } from './access-check.js';
import { Callers } from './callers.js';
import { KeyWatch } from './key-watch.js';

/** Short time-outs keep queries to a hanging database from accumulating behind the guard's deadline. */
const ACCESS_POOL = {
  entities: accessEntities,
  poolSize: 2,
  statementTimeoutMs: 2_000,
  lockTimeoutMs: 2_000,
  silentAfterMs: 1_000,
};

@Global()
@Module({
  imports: [dataSourceModule('postern_access', ACCESS_POOL)],
  providers: [Callers, RequestLimits, AccessCheck, KeyWatch, { provide: APP_GUARD, useExisting: AccessCheck }],
  exports: [AccessCheck, Callers, KeyWatch],
})
export class AccessModule {}

import { Global, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { dataSourceModule } from '@postern/data-sources';
import { RequestLimits } from './limits/request-limits.js';
import { AccessCheck } from './access-check.js';
import { AccessGuard } from './access.guard.js';
import { ApiKeyDirectory } from './api-key-directory.js';
import { KeyWatch } from './key-watch.js';

/**
 * A look-up takes one row by its key. Its time-outs are short, so that what waits for a database that hangs does not
 * pile up behind the guard's own deadline.
 */
const ACCESS_POOL = { poolSize: 2, statementTimeoutMs: 2_000, lockTimeoutMs: 2_000, silentAfterMs: 1_000 };

/** Authentication and authorisation for every route of the process. */
@Global()
@Module({
  imports: [dataSourceModule('postern_access', ACCESS_POOL)],
  providers: [ApiKeyDirectory, RequestLimits, AccessCheck, KeyWatch, { provide: APP_GUARD, useClass: AccessGuard }],
  exports: [ApiKeyDirectory, AccessCheck, KeyWatch],
})
export class AccessModule {}

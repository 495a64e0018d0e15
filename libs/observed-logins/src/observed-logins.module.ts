import { Module } from '@nestjs/common';
import { dataSourceModule } from '@postern/data-sources';
import { WRITE_IDLE_MS } from '@postern/database';

/** The connection pools of both roles. Several services of one process import this module, and share the pools. */
@Module({
  imports: [
    dataSourceModule('postern_logins_writer', {
      prepare: true,
      poolSize: 3,
      statementTimeoutMs: 10_000,
      idleInTransactionMs: WRITE_IDLE_MS,
    }),
    dataSourceModule('postern_logins_reader', { poolSize: 4 }),
  ],
})
export class ObservedLoginsModule {}

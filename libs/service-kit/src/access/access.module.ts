import { Global, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { dataSourceModule } from '../database/data-source.module.js';
import { AccessGuard } from './access.guard.js';
import { ApiKeyDirectory } from './api-key-directory.js';

/** Authentication and authorisation for every route of the process. */
@Global()
@Module({
  imports: [dataSourceModule('postern_access', { poolSize: 2 })],
  providers: [ApiKeyDirectory, { provide: APP_GUARD, useClass: AccessGuard }],
  exports: [ApiKeyDirectory],
})
export class AccessModule {}

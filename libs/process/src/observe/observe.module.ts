import { Global, Module } from '@nestjs/common';
import { Readiness } from '@postern/observe';
import { HealthController } from './health.controller.js';
import { StartingPointController } from './starting-point.controller.js';

/** Health and metrics. */
@Global()
@Module({ controllers: [HealthController, StartingPointController], providers: [Readiness], exports: [Readiness] })
export class ObserveModule {}

import { Global, Module } from '@nestjs/common';
import { HealthController } from './health.controller.js';
import { StartingPointController } from './starting-point.controller.js';
import { Readiness } from './health.js';
import './listener-metrics.js';

/** Health and metrics. */
@Global()
@Module({ controllers: [HealthController, StartingPointController], providers: [Readiness], exports: [Readiness] })
export class ObserveModule {}

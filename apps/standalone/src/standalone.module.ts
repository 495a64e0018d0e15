import { Module, type DynamicModule } from '@nestjs/common';
import { AuditTrailServiceModule } from '@postern/audit-trail-service';
import { CommandServiceModule } from '@postern/command-service';
import { ProjectionServiceModule } from '@postern/projection-service';
import { serviceModule } from '@postern/process';
import type { RuntimeSettings } from '@postern/settings';

export const STANDALONE_BUS = ['reads', 'publishes'] as const;

@Module({ imports: [CommandServiceModule, ProjectionServiceModule, AuditTrailServiceModule] })
export class StandaloneModule {
  static forRoot(settings: RuntimeSettings): DynamicModule {
    return serviceModule({ module: StandaloneModule, bus: STANDALONE_BUS }, settings);
  }
}

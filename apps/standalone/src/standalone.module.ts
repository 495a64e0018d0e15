import { Module, type DynamicModule } from '@nestjs/common';
import { AuditTrailServiceModule } from '@postern/audit-trail-service';
import { CommandServiceModule } from '@postern/command-service';
import { ProjectionServiceModule } from '@postern/projection-service';
import { AccessModule } from '@postern/access';
import { busModules, ObserveModule } from '@postern/process';
import { SettingsModule, type RuntimeSettings } from '@postern/settings';

@Module({})
export class StandaloneModule {
  static forRoot(settings: RuntimeSettings): DynamicModule {
    return {
      module: StandaloneModule,
      imports: [
        SettingsModule.forRoot(settings),
        ObserveModule,
        AccessModule,
        ...busModules(settings, ['reads', 'publishes']),
        CommandServiceModule,
        ProjectionServiceModule,
        AuditTrailServiceModule,
      ],
    };
  }
}

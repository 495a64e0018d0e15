import { Inject, Injectable, Logger, Module, type BeforeApplicationShutdown, type DynamicModule } from '@nestjs/common';
import { EVENT_BUS, KafkaEventBus, type EventBus, type KafkaSettings } from '@postern/event-bus';
import { failureTeller } from './tell-failures.js';

const log = new Logger('event bus');

/** Ends the bus once the services' own subscriptions have ended. */
@Injectable()
class BusEnd implements BeforeApplicationShutdown {
  constructor(@Inject(EVENT_BUS) private readonly bus: EventBus) {}

  async beforeApplicationShutdown(): Promise<void> {
    await this.bus.stop();
  }
}

/** The bus of a process among several: topics of Kafka. The start fails where a topic is not as it must be. */
export function kafkaBusModule(kafka: KafkaSettings): DynamicModule {
  return {
    module: KafkaBusModule,
    global: true,
    providers: [
      BusEnd,
      {
        provide: EVENT_BUS,
        useFactory: async (): Promise<EventBus> => {
          const bus = new KafkaEventBus({
            kafka,
            onFailure: failureTeller(log),
          });
          await bus.start();
          return bus;
        },
      },
    ],
    exports: [EVENT_BUS],
  };
}

@Module({})
class KafkaBusModule {}

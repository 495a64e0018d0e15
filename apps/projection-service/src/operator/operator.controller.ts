import { Controller, Get, Inject, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { Allow, Documented, json } from '@postern/http';
import { pageFields } from '@postern/lists';
import { z } from 'zod';
import { GetSystem, systemView } from './get-system.js';
import { ListRelays, relayPageView, RELAYS_ORDER } from './list-relays.js';

const RelaysQuery = z.strictObject(pageFields(RELAYS_ORDER));

@Controller('v1')
@Allow('operator')
export class OperatorController {
  constructor(@Inject(QueryBus) private readonly queries: QueryBus) {}

  @Get('relays')
  @Documented({
    tag: 'Operators',
    summary: 'List the relays that had contact within a day, by name',
    answer: json(relayPageView),
  })
  listRelays(@Query({ schema: RelaysQuery }) query: z.infer<typeof RelaysQuery>) {
    return this.queries.execute(new ListRelays(null, query));
  }

  @Get('system')
  @Documented({
    tag: 'Operators',
    summary: 'The processes of this Postern, its database, its bus, and the lag of its consumers',
    answer: json(systemView),
  })
  getSystem() {
    return this.queries.execute(new GetSystem());
  }
}

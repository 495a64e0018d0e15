import { Body, Controller, HttpCode, Inject, Post } from '@nestjs/common';
import { Allow, Context, Documented, json, type RequestContext } from '@postern/http';
import { z } from 'zod';
import { Dispatcher } from '../../dispatch/dispatcher.js';
import { loginDecisionView } from '../relay-views.js';
import { DecideLogin, type LoginDecision } from './decide-login.command.js';

/** RFC 4616 lets a client send 255 octets and more; what is longer than this is an attack, not a login. */
export const LONGEST_TEXT = 1_000;

const DecideBody = z.strictObject({
  username: z
    .string()
    .max(LONGEST_TEXT, `At most ${LONGEST_TEXT} characters.`)
    .meta({ examples: ['app@acme.example'] }),
  ip: z
    .string()
    .max(LONGEST_TEXT, `At most ${LONGEST_TEXT} characters.`)
    .meta({ examples: ['203.0.113.9'] }),
  dryRun: z.boolean().default(false).meta({ description: 'Decide, and record nothing.' }),
});

@Controller('v1/relay/decisions')
@Allow('relay')
export class DecideLoginController {
  constructor(@Inject(Dispatcher) private readonly dispatcher: Dispatcher) {}

  @Post()
  @HttpCode(200)
  @Documented({
    tag: 'Relays',
    summary: 'Decide one login; a refused or would-be refused one is recorded',
    takes: ['Idempotency-Key'],
    answer: json(loginDecisionView),
    tells: ['Idempotency-Replayed'],
  })
  decide(
    @Body({ schema: DecideBody }) { username, ip, dryRun }: z.infer<typeof DecideBody>,
    @Context() context: RequestContext,
  ): Promise<LoginDecision> {
    return this.dispatcher.execute(new DecideLogin(username, ip, dryRun, context));
  }
}

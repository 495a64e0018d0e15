import { Controller, Delete, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { Allow, Documented, integer, json, pageView, principalOf, Problem, text, time, uuid } from '@postern/http';
import { isTime, isUuid, pageFields, pageOf } from '@postern/lists';
import type { FastifyRequest } from 'fastify';
import type { DataSource } from 'typeorm';
import { z } from 'zod';
import { actorView } from '../changes/list-changes.js';
import { discardDeadLetter, findDeadLetter, listDeadLetters, readableLetter, type OnBehalfOf } from './dead-letters.js';
import { retryDeadLetter } from './retry-dead-letter.js';

const deadLetterView = z
  .object({
    id: uuid('0198c0de-0000-7000-8000-0000000000d1'),
    consumer: text('audit-denials'),
    topic: text('postern.auth-denials.v1'),
    partition: integer(
      0,
      3,
      'Null (also `offset`): it was an event from the journal, not a message from Kafka.',
    ).nullable(),
    offset: integer(0, 41).nullable(),
    tenantId: text('acme', 'Null if unknown.').nullable(),
    reason: text('has an occurredAt that is not a time', 'Why it was dead-lettered; after a retry, why it still is.'),
    state: z.enum(['waiting', 'settled', 'discarded']).meta({
      description: '`settled`: a retry recorded it. `discarded`: somebody discarded it.',
    }),
    deadLetteredAt: time('2026-11-01T08:00:00.000Z'),
    retriedAt: time('2026-11-01T09:00:00.000Z').nullable(),
    retries: integer(0, 1),
    lastAction: z
      .object({
        action: z.enum(['retry', 'discard']),
        at: time('2026-11-01T09:00:00.000Z'),
        actor: actorView.nullable().meta({ description: 'Null: it was done with the command line on the machine.' }),
        requestId: text('deploy-2026-11-01.17').nullable(),
        machineUser: text('root', 'Who ran the command line.').nullable(),
      })
      .nullable(),
  })
  .meta({ id: 'DeadLetter', description: 'A denial, or another message, that could not be read.' });
const bytes = z
  .union([z.object({ text: text('{"specversion":"1.0"}') }), z.object({ base64: text('/wA=') })])
  .nullable()
  .meta({ description: 'As text if it is UTF-8, otherwise in base64.' });
const completeDeadLetterView = deadLetterView
  .extend({
    event: z.unknown().meta({ description: 'The event. Null: a message was dead-lettered.' }),
    key: bytes,
    value: bytes,
  })
  .meta({ id: 'CompleteDeadLetter', description: 'A dead letter with its event, or its message as it was received.' });
const retriedDeadLetterView = z
  .object({
    id: uuid('0198c0de-0000-7000-8000-0000000000d1'),
    outcome: z.enum(['recorded', 'known', 'unreadable']).meta({
      description:
        '`known`: the denial was already recorded, so it is not counted again. `unreadable`: it still waits.',
    }),
    reason: text('The message is not JSON in UTF-8.', 'Why it cannot be read; else null.').nullable(),
  })
  .meta({ id: 'RetriedDeadLetter', description: 'The result of a retry.' });

const ORDER = { deadLetteredAt: isTime, id: isUuid };

const LettersQuery = z.strictObject({
  ...pageFields(ORDER),
  state: z.enum(['waiting', 'all'], 'Give waiting or all.').default('waiting'),
});

@Controller('v1/dead-letters')
@Allow('operator')
export class DeadLettersController {
  constructor(@InjectDataSource('postern_audit') private readonly audit: DataSource) {}

  @Get()
  @Documented({
    tag: 'Operators',
    summary: 'List the dead letters: denials that could not be read, oldest first',
    answer: json(pageView('DeadLetterPage', deadLetterView)),
  })
  async listDeadLetters(@Query({ schema: LettersQuery }) { state, ...params }: z.infer<typeof LettersQuery>) {
    return pageOf(await listDeadLetters(this.audit, state, { ...params, limit: params.limit + 1 }), params, ORDER);
  }

  @Get(':deadLetterId')
  @Documented({
    tag: 'Operators',
    summary: 'Show a dead letter with its event, or its message as received',
    answer: json(completeDeadLetterView),
    problems: ['dead-letter-not-found'],
  })
  async getDeadLetter(@Param('deadLetterId') id: string): Promise<z.infer<typeof completeDeadLetterView>> {
    return readableLetter(await this.find(id));
  }

  @Post(':deadLetterId/retry')
  @HttpCode(200)
  @Documented({
    tag: 'Operators',
    summary: 'Read a dead letter again; if it can be read, it is recorded once',
    answer: json(retriedDeadLetterView),
    problems: ['dead-letter-not-found', 'dead-letter-not-waiting'],
  })
  async retryDeadLetter(
    @Param('deadLetterId') id: string,
    @Req() request: FastifyRequest,
  ): Promise<z.infer<typeof retriedDeadLetterView>> {
    await this.find(id);
    const result = await retryDeadLetter(this.audit, id, onBehalfOf(request));
    if (result.outcome === 'not-waiting') throw notWaiting();
    return { id, reason: null, ...result };
  }

  @Delete(':deadLetterId')
  @HttpCode(204)
  @Documented({
    tag: 'Operators',
    summary: 'Discard a dead letter: it no longer waits, but its row is kept',
    status: 204,
    problems: ['dead-letter-not-found', 'dead-letter-not-waiting'],
  })
  async discardDeadLetter(@Param('deadLetterId') id: string, @Req() request: FastifyRequest): Promise<void> {
    const { state } = await this.find(id);
    if (state === 'discarded') return;
    if (!(await discardDeadLetter(this.audit, id, onBehalfOf(request)))) throw notWaiting();
  }

  private async find(id: string) {
    const found = isUuid(id) ? await findDeadLetter(this.audit, id) : null;
    if (found) return found;
    throw new Problem(
      'dead-letter-not-found',
      'There is no dead letter with this id. GET /v1/dead-letters lists them.',
    );
  }
}

const onBehalfOf = (request: FastifyRequest): OnBehalfOf => ({
  actor: principalOf(request).actor,
  requestId: request.id,
  machineUser: null,
});

function notWaiting(): Problem {
  return new Problem(
    'dead-letter-not-waiting',
    'It was recorded or discarded already. GET /v1/dead-letters?state=all shows which.',
  );
}

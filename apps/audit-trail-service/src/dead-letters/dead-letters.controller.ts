import { Controller, Delete, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Page } from '@postern/contracts';
import { Allow, Documented, json, pageView, principalOf, Problem } from '@postern/http';
import { isUuid, pageFields, pageOf } from '@postern/lists';
import type { FastifyRequest } from 'fastify';
import type { DataSource } from 'typeorm';
import { z } from 'zod';
import { completeDeadLetterView, deadLetterView, retriedDeadLetterView } from './dead-letter-views.js';
import type { OnBehalfOf } from './dead-letter.entity.js';
import {
  DEAD_LETTERS_ORDER,
  discardDeadLetter,
  findDeadLetter,
  listDeadLetters,
  readableLetter,
} from './dead-letters.js';
import { retryDeadLetter } from './retry-dead-letter.js';

const LettersQuery = z.strictObject({
  ...pageFields(DEAD_LETTERS_ORDER),
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
  async listDeadLetters(
    @Query({ schema: LettersQuery }) { state, ...params }: z.infer<typeof LettersQuery>,
  ): Promise<Page<z.infer<typeof deadLetterView>>> {
    const letters = await listDeadLetters(this.audit, state, { ...params, limit: params.limit + 1 });
    return pageOf(letters, params, DEAD_LETTERS_ORDER);
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

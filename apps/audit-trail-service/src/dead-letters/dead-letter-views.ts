import { text, time, uuid, integer } from '@postern/http';
import { z } from 'zod';
import { actorView } from '../changes/list-changes.js';

export const deadLetterView = z
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
export const completeDeadLetterView = deadLetterView
  .extend({
    event: z.unknown().meta({ description: 'The event. Null: a message was dead-lettered.' }),
    key: bytes,
    value: bytes,
  })
  .meta({ id: 'CompleteDeadLetter', description: 'A dead letter with its event, or its message as it was received.' });
export const retriedDeadLetterView = z
  .object({
    id: uuid('0198c0de-0000-7000-8000-0000000000d1'),
    outcome: z.enum(['recorded', 'known', 'unreadable']).meta({
      description:
        '`known`: the denial was already recorded, so it is not counted again. `unreadable`: it still waits.',
    }),
    reason: text('The message is not JSON in UTF-8.', 'Why it cannot be read; else null.').nullable(),
  })
  .meta({ id: 'RetriedDeadLetter', description: 'The result of a retry.' });

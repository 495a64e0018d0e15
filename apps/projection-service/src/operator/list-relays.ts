import { QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Page } from '@postern/contracts';
import { pageView, text, time, uuid, integer } from '@postern/http';
import { isText, type ListOrder, ListQuery, type PageParams, pageOf, readRows } from '@postern/lists';
import { GONE_AFTER_SECONDS } from '@postern/process';
import sql from 'sql-template-tag';
import type { DataSource } from 'typeorm';
import { z } from 'zod';

const relayState = z
  .object({
    keyId: uuid('019ab1bf-9d20-7a33-8c1e-5b6d7f809a11', 'The id of the relay’s API key.'),
    name: text('mx1.example', 'The name that the relay sends, or the name of its key if it sends none.'),
    client: text(
      'postern-relay-agent/0.1.0',
      'The program and version that the relay sends. Null: it sends none.',
    ).nullable(),
    instance: text(
      'postern-1:8027',
      'The process that serves its policy stream, or served it last. Null: it never opened a stream.',
    ).nullable(),
    connectedAt: time('2026-11-01T08:00:00.000Z', 'When that stream was opened.').nullable(),
    lastContactAt: time(
      '2026-11-02T09:30:00.000Z',
      'When the relay last received data on its stream or reported denials.',
    ),
    connected: z.boolean().meta({ description: 'Whether its policy stream is open.' }),
    revision: integer(0, 4711, 'The last revision that was sent on its stream.').nullable(),
    behind: integer(0, 0, 'How many revisions were not sent to it yet.').nullable(),
    denialsWaiting: integer(
      0,
      0,
      'Denials that waited at the relay when it last opened a stream or sent a report. Null: it does not send the number.',
    ).nullable(),
  })
  .meta({ id: 'RelayState', description: 'A relay, as reported within the last 5 seconds.' });
type RelayState = z.infer<typeof relayState>;

export const relayPageView = pageView('RelayPage', relayState);

/** Relays with contact in the last day, by name. A relay that changed its key is listed once, without its former key. */
export class ListRelays extends ListQuery<RelayState, null, PageParams> {}

/** Names do not change, so a list that is open for hours only gets new rows. */
export const RELAYS_ORDER: ListOrder = { name: isText, keyId: isText };

@QueryHandler(ListRelays)
export class ListRelaysHandler implements IQueryHandler<ListRelays> {
  constructor(
    @InjectDataSource('postern_access') private readonly access: DataSource,
    @InjectDataSource('postern_relay_reader') private readonly policies: DataSource,
  ) {}

  async execute({ params }: ListRelays): Promise<Page<RelayState>> {
    const [name, keyId] = params.cursor ?? ['', ''];
    const [[totals], relays] = await Promise.all([
      this.policies.query<{ revision: number }[]>('SELECT revision::float8 FROM projection.relay_policy_totals'),
      readRows<RelayState>(
        this.access.manager,
        sql`WITH relays AS (
              SELECT *, coalesce(stream_seen_at > clock_timestamp() - ${GONE_AFTER_SECONDS} * interval '1 s', false) AS connected,
                     max(last_contact_at) OVER (PARTITION BY name) AS named_last_at
                FROM access.relays
            )
            SELECT key_id AS "keyId", name, client, instance, connected_at AS "connectedAt", last_contact_at AS "lastContactAt",
                   connected, revision::float8, behind::float8, denials_waiting AS "denialsWaiting"
              FROM relays WHERE (name, key_id) > (${name}, ${keyId}) AND (connected OR last_contact_at = named_last_at)
             ORDER BY name, key_id LIMIT ${params.limit + 1}`,
      ),
    ]);
    const current = totals?.revision ?? 0;
    // A connected relay's lag is what its process reported. A disconnected one falls further behind.
    const behindOf = ({ connected, behind, revision }: RelayState) =>
      connected || revision === null ? behind : Math.max(0, current - revision);
    return pageOf(
      relays.map((relay) => ({ ...relay, behind: behindOf(relay) })),
      params,
      RELAYS_ORDER,
    );
  }
}

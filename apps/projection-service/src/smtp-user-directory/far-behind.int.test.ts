import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@postern/contracts';
import { openOwnerDataSource } from '@postern/database';
import { partitionOf } from '@postern/event-bus';
import type { TestDatabase } from '@postern/testing';
import type { DataSource } from 'typeorm';
import { relayPoliciesModel } from '../relay-policies/rebuild/relay-policies-model.js';
import { migratedDatabase } from '../testing/migrated-database.js';
import { directoryModel } from './directory-model.js';

const MOST = 100_000;
const PARTITIONS = 2;

let database: TestDatabase;
let owner: DataSource;
/** Of the user of whom nothing was applied. */
let added = MOST;

beforeAll(async () => {
  database = await migratedDatabase();
  owner = await openOwnerDataSource(database.url, { poolSize: 1, applicationName: 'test' });
  await insert(inPartition(1), 1, MOST);
  const last = inPartition(0);
  await insert(last, 1, 1);
  // The live consumers have come to the end in one partition, and to nothing in the other.
  for (const { consumer } of [directoryModel, relayPoliciesModel])
    await owner.query(
      `INSERT INTO projection.checkpoints (consumer, source, xid, position, broker_offset)
       SELECT $1, 'postern.smtp-users.v1/0', xid, position, 1 FROM journal.events WHERE stream_id = $2`,
      [consumer.name, last],
    );
}, 120_000);
afterAll(async () => {
  await owner?.destroy();
  await database?.drop();
});

function inPartition(partition: number): string {
  for (;;) {
    const id = newId();
    if (partitionOf(id, PARTITIONS) === partition) return `smtp-user/${id}`;
  }
}

async function insert(stream: string, from: number, to: number): Promise<void> {
  const metadata = { actor: { role: 'admin', keyId: newId(), name: 'ci' }, correlationId: 'x', causationId: null };
  await owner.query(
    `INSERT INTO journal.events (tenant_id, stream_id, version, event_id, type, schema_version, data, metadata, recorded_at)
     SELECT 'acme', $1, n, gen_random_uuid(), CASE n WHEN 1 THEN 'SmtpUserRegistered' ELSE 'SmtpUserRenamed' END, 1, $2, $3, now() FROM generate_series($4::integer, $5::integer) n`,
    [
      stream,
      {
        tenantId: 'acme',
        smtpUserId: stream.split('/')[1],
        username: `${newId()}@acme.example`,
        previousUsername: 'old@acme.example',
      },
      metadata,
      from,
      to,
    ],
  );
}

const verify = (model: typeof directoryModel) =>
  model.verify({ url: database.url, partitions: PARTITIONS }, 0, () => undefined);

describe.each([['relay policies', relayPoliciesModel, 'relay-policies']] as const)(
  'the %s, of which the live consumer is far behind in one partition',
  (_, model, consumer) => {
    it('are compared where that is 100,000 events, and refused with what to do where it is one more', async () => {
      expect(await verify(model)).toMatchObject({ differences: [], events: 1 });
      const [{ stream }] = (await owner.query(
        'SELECT stream_id AS stream FROM journal.events ORDER BY xid, position LIMIT 1',
      )) as [{ stream: string }];
      // One more that was not applied, and one behind it that was.
      await insert(stream, (added += 1), added);
      const ahead = inPartition(0);
      await insert(ahead, 1, 1);
      await owner.query(
        `UPDATE projection.checkpoints c SET xid = e.xid, position = e.position FROM journal.events e
        WHERE c.consumer = $1 AND e.stream_id = $2`,
        [consumer, ahead],
      );
      await expect(verify(model)).rejects.toThrow(
        `${consumer} is more than ${MOST} events behind in some partitions. Let it catch up (postern_feed_lag_events), and run it again.`,
      );
    }, 120_000);
  },
);

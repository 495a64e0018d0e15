import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Subscription } from '@postern/event-bus';
import { FEED_START, samePosition } from '@postern/event-store';
import { Consumers } from '@postern/process';
import type { ReadModel } from '@postern/read-models';
import type { DataSource } from 'typeorm';
import { relayPoliciesModel } from '../relay-policies/relay-policies-model.js';
import { directoryModel } from '../smtp-user-directory/directory-model.js';

/** Large enough for set-based statements; a transaction still takes only about 100 ms. */
const MAX_BATCH = 2_000;

/** Relays wait for these: just enough to batch a stream of writes. */
const POLICIES_SPACING_MS = 10;
const DIRECTORY_SPACING_MS = 30;

@Injectable()
export class ProjectionConsumers implements OnApplicationBootstrap {
  constructor(
    @Inject(Consumers) private readonly consumers: Consumers,
    @InjectDataSource('postern_projection') private readonly dataSource: DataSource,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.consumers.run(subscription(this.dataSource, relayPoliciesModel, POLICIES_SPACING_MS));
    await this.consumers.run(subscription(this.dataSource, directoryModel, DIRECTORY_SPACING_MS));
  }
}

function subscription(dataSource: DataSource, { consumer, topics, write }: ReadModel, spacingMs: number): Subscription {
  return {
    consumer,
    topics,
    checkpoints: { dataSource, table: 'projection.checkpoints' },
    maxBatch: MAX_BATCH,
    spacingMs,
    handle: async (batch) => {
      await dataSource.transaction(async (manager) => {
        await write(manager, batch.events);
        await batch.advance(manager);
      });
    },
    onCaughtUp: async ({ source, at }) => {
      const checkpoint = [consumer, source, at.xid, at.position];
      // With an empty journal no batch stores the checkpoint, but the read model is complete.
      if (samePosition(at, FEED_START)) await dataSource.query(START, checkpoint);
      await dataSource.query(MARK_COMPLETE, checkpoint);
    },
  };
}

const START = `INSERT INTO projection.checkpoints (consumer, source, xid, position) VALUES ($1, $2, $3::xid8, $4) ON CONFLICT DO NOTHING`;

/** Only if the checkpoint is still there: if somebody emptied it, the model is not complete yet. */
const MARK_COMPLETE = `
  UPDATE projection.checkpoints SET caught_up_at = clock_timestamp()
   WHERE consumer = $1 AND source = $2 AND xid = $3::xid8 AND position = $4 AND caught_up_at IS NULL`;

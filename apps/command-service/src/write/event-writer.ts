import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { Journal, lockStream, type Append } from '@postern/event-store';
import type { DataSource, EntityManager } from 'typeorm';
import { IdempotencyStore } from './idempotency-store.js';
import { eventMetadata, type RequestContext, type Written } from './request-context.js';

export interface EventWrite extends Omit<Append, 'metadata'> {
  readonly context: RequestContext;
  /** Stored for the request's `Idempotency-Key`, if it has one. */
  readonly answer: Written;
  /** More statements of the transaction; if it throws, nothing is written. */
  readonly also?: ((manager: EntityManager) => Promise<void>) | undefined;
}

@Injectable()
export class EventWriter {
  constructor(
    @Inject(Journal) private readonly journal: Journal,
    @InjectDataSource('postern_journal_writer') private readonly writer: DataSource,
    @Inject(IdempotencyStore) private readonly store: IdempotencyStore,
  ) {}

  /**
   * Resolves when everything is durable; with `locked`, the transaction of `whileLocked` commits it later. A write of events only shares a commit
   * with others.
   * @throws the errors of `Journal.append`; 503 `not-ready` if another process carries out the same request.
   */
  async write(write: EventWrite, locked?: EntityManager): Promise<void> {
    const { context, answer, also, ...rest } = write;
    const { idempotency } = context;
    const append: Append = { ...rest, metadata: eventMetadata(context) };
    if (!idempotency && !also && !locked) {
      if (append.events.length > 0) await this.journal.append(append);
      return;
    }
    // The append comes first: the journal's locks come before any other.
    const all = async (manager: EntityManager): Promise<void> => {
      if (append.events.length > 0) await this.journal.appendWithin(manager, append);
      if (idempotency) await this.store.keep(manager, idempotency, answer);
      await also?.(manager);
    };
    await (locked ? all(locked) : this.writer.transaction(all));
  }

  async keepAnswer({ idempotency }: RequestContext, answer: Written): Promise<void> {
    if (idempotency) await this.store.keep(this.writer.manager, idempotency, answer);
  }

  whileLocked<T>(streamId: string, work: (locked: EntityManager) => Promise<T>): Promise<T> {
    return this.writer.transaction(async (manager) => {
      await lockStream(manager, streamId);
      return work(manager);
    });
  }
}

import { Command } from '@nestjs/cqrs';
import type { RequestContext } from '@postern/http';

/** A report that can't be taken, however often it is sent. */
export interface RejectedDenial {
  /** As it was sent; null where it has none that can be read. */
  readonly id: string | null;
  readonly code: string;
  readonly detail: string;
}

/** What became of a batch; the three add up to its length. */
export interface ReportedDenials {
  readonly accepted: number;
  /** Known already, or more than once in the batch. */
  readonly duplicates: number;
  readonly rejected: readonly RejectedDenial[];
}

/** Takes denials that a relay reports; the result says which are durable. Each item is checked by itself. */
export class ReportDenials extends Command<ReportedDenials> {
  constructor(
    readonly items: readonly unknown[],
    readonly context: RequestContext,
  ) {
    super();
  }
}

import type { Recorded } from '@postern/contracts';

/** What a read model has of a stream: the last event that it applied. */
export interface AppliedVersion {
  readonly version: number;
  readonly eventId: string;
}

/**
 * An event's identity is its stream and its version. True: the event is the next one of its stream, apply it. False: it is a repeat, skip it.
 * Throws `EventsMissing` where an earlier event of the stream was not applied yet, and `StreamConflict` where another event was
 * applied as this version. `applied` is undefined for a stream of which nothing was applied.
 */
export function isNextVersion(
  event: Pick<Recorded, 'streamId' | 'version' | 'eventId'>,
  applied: AppliedVersion | undefined,
): boolean {
  const version = applied?.version ?? 0;
  if (event.version > version + 1) throw new EventsMissing(event, version);
  if (applied && event.version === version && event.eventId !== applied.eventId)
    throw new StreamConflict(event, applied.eventId);
  return event.version === version + 1;
}

/**
 * A gap: an event came before an earlier one of its stream. The earlier one may be on its way in another partition, so the consumer waits.
 * Where that lasts, the read model has lost what it had applied.
 */
export class EventsMissing extends Error {
  override readonly name = 'EventsMissing';
  constructor(
    readonly event: Pick<Recorded, 'streamId' | 'version' | 'eventId'>,
    applied: number,
  ) {
    super(
      `Event ${event.version} of ${event.streamId} came, but only ${applied} were applied. It is applied once the missing events come. ` +
        'If none is on its way, the read model was changed by hand or does not belong to this journal: run `postern rebuild` for it.',
    );
  }
}

/** The journal holds another event under a version that was applied: it was restored from a backup, and other events were appended since. */
export class StreamConflict extends Error {
  override readonly name = 'StreamConflict';
  /** No repeat helps: somebody must act. */
  readonly permanent = true;
  constructor(event: Pick<Recorded, 'streamId' | 'version' | 'eventId'>, applied: string) {
    super(
      `Event ${event.version} of ${event.streamId} is ${event.eventId}, but ${applied} was applied as this version: the database was ` +
        'restored from a backup. Stop the services, run `postern republish` for all topics (with Kafka) and `postern rebuild` for each ' +
        'read model, and start them (docs/backup.md, "After a restore").',
    );
  }
}

/** Whether trying again can never help: somebody must act first. */
export function isPermanent(error: unknown): boolean {
  return (error as { readonly permanent?: boolean } | null)?.permanent === true;
}

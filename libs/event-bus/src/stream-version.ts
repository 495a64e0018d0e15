import type { Recorded } from '@postern/contracts';

export interface AppliedVersion {
  readonly version: number;
  readonly eventId: string;
}

/**
 * True: the next event of its stream, apply it. False: a repeat, skip it. `applied` is undefined if nothing of the stream was applied.
 * @throws `EventsMissing` if an earlier event was not applied, `StreamConflict` if another event was applied with this version.
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

/** An earlier event of the stream may still arrive in another partition: wait. If the gap lasts, the read model has lost data. */
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

/** Another event was applied with this version: the journal was restored from a backup and continued. */
export class StreamConflict extends Error {
  override readonly name = 'StreamConflict';
  readonly permanent = true;
  constructor(event: Pick<Recorded, 'streamId' | 'version' | 'eventId'>, applied: string) {
    super(
      `Event ${event.version} of ${event.streamId} is ${event.eventId}, but ${applied} was applied as this version: the database was ` +
        'restored from a backup. Stop the services, run `postern republish` for all topics (with Kafka) and `postern rebuild` for each ' +
        'read model, and start them (docs/backup.md, "After a restore").',
    );
  }
}

/** Whether a retry can never help, so that somebody must act. */
export function isPermanent(error: unknown): boolean {
  return (error as { readonly permanent?: boolean } | null)?.permanent === true;
}

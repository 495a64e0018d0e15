import type { Recorded } from '@postern/contracts';

/** An event came whose predecessor was not recorded: going on would leave a hole in the trail. */
export class EventsMissing extends Error {
  override readonly name = 'EventsMissing';
  constructor(event: Recorded, recorded: number) {
    super(
      `Event ${event.version} of ${event.streamId} came, but only ${recorded} were recorded. ` +
        'The audit trail does not belong to this journal, or was changed by hand: empty the schema "audit" and let it be rebuilt.',
    );
  }
}

import type { Recorded } from '@postern/contracts';

/** An event came whose predecessor was not applied: going on would leave a hole in what relays enforce, or in the trail. */
export class EventsMissing extends Error {
  override readonly name = 'EventsMissing';
  constructor(event: Recorded, applied: number) {
    super(
      `Event ${event.version} of ${event.streamId} came, but only ${applied} were applied. The read model does not belong ` +
        'to this journal, or was changed by hand: make it anew with `npm run postern -- rebuild …`.',
    );
  }
}

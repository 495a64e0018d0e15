import type { JournalId } from '../ids.js';

/** A message of Postern's, but of another database: two of them share a broker, and none of it may take effect in this one. */
export class MessageOfAnotherJournal extends Error {
  override readonly name = 'MessageOfAnotherJournal';
  constructor(
    readonly theirs: JournalId,
    readonly ours: JournalId,
  ) {
    super(`The message is of the journal ${theirs}, and not of ${ours}.`);
  }
}

import { EventExists, JournalUnavailable, VersionConflict } from './append-errors.js';
import type { AppendRequest } from './append-request.js';

export interface Appended {
  /** The stream's version after the append. */
  readonly version: number;
  /** RFC 3339, UTC, milliseconds. */
  readonly recordedAt: string;
  /** Ids of events that were skipped, as the journal has them already; only with `expectedVersion: 'any'`. */
  readonly duplicates: readonly string[];
}

/** What `journal.append` answers, for each append in the order of the batch. */
export interface BatchAnswer {
  readonly recordedAt: string;
  /** The stream's version after the append; holds where there are no outcomes, because everything was appended. */
  readonly versions: readonly number[];
  /** With the stream's version, and the ids of events that the journal had already. */
  readonly outcomes: readonly (readonly ['appended' | 'conflict' | 'duplicate', number, readonly string[]])[] | null;
}

/** The outcome of the append at `index`: its result, or the typed error that says why it was left out. */
export function outcomeOf(answer: BatchAnswer, index: number, request: AppendRequest): Appended | Error {
  const { recordedAt, versions, outcomes } = answer;
  const [kind, version, ids] = outcomes ? (outcomes[index] ?? []) : (['appended', versions[index], []] as const);
  if (version === undefined || ids === undefined)
    return new JournalUnavailable(`journal.append answered nothing for append ${index} of its batch.`);
  if (kind === 'conflict') return new VersionConflict(request.streamId, Number(request.expectedVersion), version);
  if (kind === 'duplicate') return new EventExists(request.streamId, ids);
  return { version, recordedAt, duplicates: ids };
}

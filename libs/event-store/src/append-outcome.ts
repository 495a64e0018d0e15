import { EventExists, VersionConflict } from './append-errors.js';
import type { AppendRequest } from './append-request.js';

export interface Appended {
  /** The stream's version after the append. */
  readonly version: number;
  /** RFC 3339, UTC, milliseconds. */
  readonly recordedAt: string;
  /** Ids of events that were skipped, as the journal has them already; only with `expectedVersion: 'any'`. */
  readonly duplicates: readonly string[];
}

/** What `journal.append` answers: an outcome for each append, in their order, with the stream's version and ids. */
export interface BatchAnswer {
  readonly recordedAt: string;
  readonly outcomes: readonly (readonly ['appended' | 'conflict' | 'duplicate', number, readonly string[]])[];
}

/** The outcome of the append at `index`: its result, or the typed error that says why it was left out. */
export function outcomeOf(answer: BatchAnswer, index: number, request: AppendRequest): Appended | Error {
  const outcome = answer.outcomes[index];
  if (!outcome) return new Error(`journal.append answered nothing for append ${index}.`);
  const [kind, version, ids] = outcome;
  if (kind === 'conflict') return new VersionConflict(request.streamId, Number(request.expectedVersion), version);
  if (kind === 'duplicate') return new EventExists(request.streamId, ids);
  return { version, recordedAt: answer.recordedAt, duplicates: ids };
}

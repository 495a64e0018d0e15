import { newId, schemaVersionOf, type DomainEvent, type EventMetadata, type TenantId } from '@postern/contracts';
import { AppendRefused, EventExists, JournalUnavailable, VersionConflict } from './append-errors.js';

/** An event to append, by default with a new id and the newest schema version. */
export type NewEvent<E extends DomainEvent = DomainEvent> = E & {
  readonly eventId?: string;
  readonly schemaVersion?: number;
};

/** Events for one stream. All of them are appended, or none (but see `'any'`). */
export interface Append {
  readonly tenantId: TenantId | null;
  readonly streamId: string;
  /** 0 for a new stream. `'any'` appends at any version, and skips events whose ids the journal already has. */
  readonly expectedVersion: number | 'any';
  readonly events: readonly NewEvent[];
  readonly metadata: EventMetadata;
}

const MAX_EVENTS_PER_APPEND = 1_000;
const MAX_BYTES_PER_APPEND = 4 * 1024 * 1024;

export interface AppendRequest {
  readonly streamId: string;
  readonly expectedVersion: number | 'any';
  readonly events: number;
  readonly json: string;
}

/** @throws `AppendRefused` if the append has no events or exceeds a limit. */
export function appendRequest(append: Append): AppendRequest {
  const { tenantId, streamId, expectedVersion, metadata } = append;
  if (append.events.length === 0 || append.events.length > MAX_EVENTS_PER_APPEND)
    throw new AppendRefused(`An append has 1 to ${MAX_EVENTS_PER_APPEND} events, not ${append.events.length}.`);
  if (expectedVersion !== 'any' && !(Number.isSafeInteger(expectedVersion) && expectedVersion >= 0))
    throw new AppendRefused(`The expected version is a whole number from 0, or 'any', not ${expectedVersion}.`);
  const json = JSON.stringify({
    tenantId,
    streamId,
    expectedVersion: expectedVersion === 'any' ? null : expectedVersion,
    metadata,
    // Only then `journal.append` checks whether it has the ids.
    idsAreGiven: append.events.some(({ eventId }) => eventId !== undefined) || undefined,
    events: append.events.map(({ eventId, type, schemaVersion, data }) => ({
      eventId: eventId ?? newId(),
      type,
      schemaVersion: schemaVersion ?? schemaVersionOf(type),
      data,
    })),
  });
  if (json.length > MAX_BYTES_PER_APPEND)
    throw new AppendRefused(`The append to ${streamId} is larger than ${MAX_BYTES_PER_APPEND} characters. Split it.`);
  return { streamId, expectedVersion, events: append.events.length, json };
}

export interface Appended {
  readonly version: number;
  /** RFC 3339, UTC, milliseconds. */
  readonly recordedAt: string;
  /** Ids of events that were skipped, because the journal has them; only with `expectedVersion: 'any'`. */
  readonly duplicates: readonly string[];
}

/** The answer of `journal.append`, for each append of the batch in order. */
export interface BatchAnswer {
  readonly recordedAt: string;
  /** The stream's version after the append, if there are no outcomes: then everything was appended. */
  readonly versions: readonly number[];
  /** With the stream's version, and the ids of events that the journal already had. */
  readonly outcomes: readonly (readonly ['appended' | 'conflict' | 'duplicate', number, readonly string[]])[] | null;
}

export function outcomeOf(answer: BatchAnswer, index: number, request: AppendRequest): Appended | Error {
  const { recordedAt, versions, outcomes } = answer;
  const [kind, version, ids] = outcomes ? (outcomes[index] ?? []) : (['appended', versions[index], []] as const);
  if (version === undefined || ids === undefined)
    return new JournalUnavailable(`journal.append answered nothing for append ${index} of its batch.`);
  if (kind === 'conflict') return new VersionConflict(request.streamId, Number(request.expectedVersion), version);
  if (kind === 'duplicate') return new EventExists(request.streamId, ids);
  return { version, recordedAt, duplicates: ids };
}

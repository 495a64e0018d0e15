import type { EntryAdded, EventType } from './events.js';

/** Lifts an event's data by one `schemaVersion`. What it makes up must be what readers took the old shape for. */
type Upcaster = (data: unknown) => unknown;

/**
 * The steps of the event types that have changed: the first lifts version 1 to 2, the next 2 to 3. A type's current version is one more
 * than its steps.
 */
const UPCASTERS: Readonly<Partial<Record<EventType, readonly Upcaster[]>>> = {
  RestrictionAdded: [restrictionAdded1to2],
};

/** Version 1 kept neither what the caller typed nor a note: the canonical range replaces the one, and there was no other. */
function restrictionAdded1to2(data: unknown): unknown {
  type Entry1 = Omit<EntryAdded, 'typed' | 'note'> & Partial<EntryAdded>;
  const { entries } = data as { readonly entries: readonly Entry1[] };
  return {
    entries: entries.map((entry) => ({ ...entry, typed: entry.typed ?? entry.range, note: entry.note ?? null })),
  };
}

/** The event was written by a later release. Reading on would misunderstand it, so whoever reads stops here. */
export class EventNewerThanProgram extends Error {
  override readonly name = 'EventNewerThanProgram';
  constructor(type: string, schemaVersion: number, known: number) {
    super(
      `The journal has ${type} of schema version ${schemaVersion}, and this program knows up to ${known}. ` +
        'Start a release that knows it; nothing is lost meanwhile.',
    );
  }
}

/** The version in which events of this type are written today; 1 for a type that this program does not know. */
export function schemaVersionOf(type: string): number {
  return stepsOf(type).length + 1;
}

/**
 * The data of an event in the shape of today, whatever `schemaVersion` it was written in. History itself is not
 * changed. Throws `EventNewerThanProgram`.
 */
export function upcast(type: string, schemaVersion: number, data: unknown): unknown {
  const steps = stepsOf(type);
  if (schemaVersion > steps.length + 1) throw new EventNewerThanProgram(type, schemaVersion, steps.length + 1);
  let lifted = data;
  for (let step = schemaVersion - 1; step < steps.length; step++) lifted = steps[step]?.(lifted);
  return lifted;
}

function stepsOf(type: string): readonly Upcaster[] {
  return (Object.hasOwn(UPCASTERS, type) && UPCASTERS[type as EventType]) || [];
}

import type { EntryAdded } from './events.js';
import type { EventType } from './topics.js';

/** Converts an event's data to the next `schemaVersion`. A value that it adds must be what readers assumed before. */
type Upcaster = (data: unknown) => unknown;

const UPCASTERS: Readonly<Partial<Record<EventType, readonly Upcaster[]>>> = {
  RestrictionAdded: [restrictionAdded1to2],
};

/** Version 1 had neither the typed text nor a note. The canonical range replaces the typed text. */
function restrictionAdded1to2(data: unknown): unknown {
  type Entry1 = Omit<EntryAdded, 'typed' | 'note'> & Partial<EntryAdded>;
  const { entries } = data as { readonly entries: readonly Entry1[] };
  return {
    entries: entries.map((entry) => ({ ...entry, typed: entry.typed ?? entry.range, note: entry.note ?? null })),
  };
}

/** A later release wrote the event. A reader must stop here, because it would misunderstand the event. */
export class EventNewerThanProgram extends Error {
  override readonly name = 'EventNewerThanProgram';
  constructor(type: string, schemaVersion: number, newest: number) {
    super(
      `The journal has ${type} of schema version ${schemaVersion}, and this program knows up to ${newest}. ` +
        'Start a release that knows it; nothing is lost meanwhile.',
    );
  }
}

export function schemaVersionOf(type: string): number {
  return stepsOf(type).length + 1;
}

/** The data of an event in its newest version. The stored event is not changed. @throws `EventNewerThanProgram`. */
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

import type { ApiKeyEvent, Recorded } from '@postern/contracts';
import type { EntityManager } from 'typeorm';
import { EventsMissing } from '@postern/event-bus';
import type { NamedKey } from './before-and-after.js';

export class IssuedKeys {
  private constructor(private readonly keys: Map<string, NamedKey>) {}

  static async load(manager: EntityManager, events: readonly Recorded<ApiKeyEvent>[]): Promise<IssuedKeys> {
    const keys = new Map<string, NamedKey>();
    for (const event of events) if (event.type === 'ApiKeyIssued') keys.set(event.data.keyId, named(event.data));
    const missing = events.map((event) => event.data.keyId).filter((keyId) => !keys.has(keyId));
    if (missing.length > 0) {
      const rows = await manager.query<{ data: NamedKey }[]>(ISSUED, [missing]);
      for (const { data } of rows) keys.set(data.keyId, named(data));
    }
    return new IssuedKeys(keys);
  }

  /** @throws `EventsMissing` if the key's issue was not recorded. */
  of(event: Recorded<ApiKeyEvent>): NamedKey {
    const key = this.keys.get(event.data.keyId);
    if (!key) throw new EventsMissing(event, 0);
    return key;
  }
}

function named({ keyId, role, name }: NamedKey): NamedKey {
  return { keyId, role, name };
}

const ISSUED = `SELECT data FROM changes WHERE type = 'ApiKeyIssued' AND data ->> 'keyId' = ANY ($1::text[])`;

import { asking, type Ask } from '@postern/testing';
import { startBenchProcess, type Arrangement } from './bench-process.js';

/** A Postern on an empty data folder, with a tenant, its users and the keys to it. */
export interface Stage {
  readonly url: string;
  /** Holds the embedded PostgreSQL. */
  readonly dataDir: string;
  readonly adminKey: string;
  readonly relayKey: string;
  readonly admin: Ask;
  readonly users: readonly { readonly id: string; readonly username: string }[];
  tearDown(): Promise<void>;
}

export const TENANT = 'bench';

/** Starts it, with fsync on as always, and registers `count` SMTP users. */
export async function setStage(count: number, arrangement: Arrangement = 'one process'): Promise<Stage> {
  const { postern, dataDir, end } = await startBenchProcess(arrangement);
  const operator = asking(postern.url, postern.operatorKey ?? '');
  await operator('POST', '/v1/tenants', { id: TENANT, name: 'Bench' });
  const adminKey: string = (await operator('POST', `/v1/tenants/${TENANT}/api-keys`, { role: 'admin', name: 'bench' }))
    .body.key;
  const relayKey: string = (await operator('POST', '/v1/api-keys', { role: 'relay', name: 'bench' })).body.key;
  const admin = asking(postern.url, adminKey);
  const users: { id: string; username: string }[] = [];
  for (let from = 0; from < count; from += 16) {
    const batch = Array.from({ length: Math.min(16, count - from) }, async (_, i) => {
      const username = `user${from + i}@bench.example`;
      const { status, body } = await admin('POST', `/v1/tenants/${TENANT}/smtp-users`, { username });
      if (status !== 201) throw new Error(`A user could not be registered: ${status} ${JSON.stringify(body)}`);
      return { id: body.id as string, username };
    });
    users.push(...(await Promise.all(batch)));
  }
  return {
    url: postern.url,
    dataDir,
    adminKey,
    relayKey,
    admin,
    users,
    tearDown: end,
  };
}

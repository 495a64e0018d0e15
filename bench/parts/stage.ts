import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asking, startPosternProcess, type Ask } from '@postern/testing';

/** A Postern in a process of its own on an empty data folder, with a tenant, its users and the keys to it. */
export interface Stage {
  readonly url: string;
  readonly adminKey: string;
  readonly relayKey: string;
  readonly admin: Ask;
  readonly users: readonly { readonly id: string; readonly username: string }[];
  strike(): Promise<void>;
}

export const TENANT = 'bench';

/** Starts it, with fsync on as always, and registers `count` SMTP users. */
export async function setStage(count: number): Promise<Stage> {
  const dataDir = await mkdtemp(join(tmpdir(), 'postern-bench-'));
  const postern = await startPosternProcess({ POSTERN_DATA_DIR: dataDir });
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
    adminKey,
    relayKey,
    admin,
    users,
    strike: async () => {
      await postern.end('SIGTERM');
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

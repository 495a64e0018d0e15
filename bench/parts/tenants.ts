import { asking } from '@postern/testing';

/** A tenant of the bench with the names of its users. */
export interface BenchTenant {
  readonly id: string;
  readonly adminKey: string;
  readonly usernames: readonly string[];
}

/** Requests at a time. */
const LANES = 16;

/** Creates tenants with this many SMTP users each, over HTTP. */
export async function makeTenants(
  url: string,
  operatorKey: string,
  tenants: number,
  usersEach: number,
): Promise<BenchTenant[]> {
  const operator = asking(url, operatorKey);
  const made: BenchTenant[] = [];
  for (let t = 0; t < tenants; t += 1) {
    const id = `tenant-${t}`;
    await operator('POST', '/v1/tenants', { id, name: id });
    const { body } = await operator('POST', `/v1/tenants/${id}/api-keys`, { role: 'admin', name: 'bench' });
    const usernames = Array.from({ length: usersEach }, (_, u) => `user${u}@${id}.example`);
    await register(asking(url, body.key), id, usernames);
    made.push({ id, adminKey: body.key, usernames });
  }
  return made;
}

async function register(admin: ReturnType<typeof asking>, tenant: string, usernames: readonly string[]): Promise<void> {
  const waiting = usernames.values();
  const lane = async (): Promise<void> => {
    for (const username of waiting) {
      const { status } = await admin('POST', `/v1/tenants/${tenant}/smtp-users`, { username });
      if (status !== 201) throw new Error(`A user could not be registered: ${status}`);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { digestToHex, type TenantId } from '@postern/contracts';
import { decideBy } from '../decision.js';
import { Replica } from '../replica/replica.js';
import { lineOf, policy } from '../testing/policies.js';
import { LastKnownGoodUnusable, readPolicies, writePolicies } from './policy-file.js';
import { TenantReplies } from './tenant-replies.js';

const replica = new Replica();
for (let i = 0; i < 500; i++) {
  const entries = [`10.0.${i % 250}.0/24`, { range: '2001:db8::/33', expiresAt: '2999-01-01T00:00:00.000Z' }];
  replica.apply(lineOf(policy(`app${i}@x`, { entries, revision: i + 1 })));
}
replica.apply(lineOf(policy('app7@x', { removed: true, entries: [], revision: 501 })));

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-policies-'));
  path = join(folder, 'policies');
});
afterEach(() => rm(folder, { recursive: true }));

async function readBack(): Promise<Replica> {
  const kept = await readPolicies(path, Date.now);
  if (kept === null) throw new Error('There is no file.');
  return kept.replica;
}
const reason = (from: Replica, username: string, ip: string): string => decideBy(from, username, ip, 'defer').reason;

describe('the file of the last known good policies', () => {
  it('returns what was written, and the time of the last contact', async () => {
    await writePolicies(path, replica, 4_711);
    expect(await readPolicies(path, Date.now)).toMatchObject({ revision: 501, contactAt: 4_711 });
    const back = await readBack();
    expect([back.revision, back.policies, digestToHex(back.digest)]).toEqual([501, 499, digestToHex(replica.digest)]);
    expect(reason(back, 'app8@x', '10.0.8.1')).toBe('entry-matched');
    expect(reason(back, 'app8@x', '2001:db8:8000::')).toBe('ip-not-authorized');
    expect(reason(back, 'app7@x', '10.0.7.1')).toBe('smtp-user-unknown');
    expect(await readdir(folder)).toEqual(['policies']);
  });

  it('returns the tenant of each user, and the tenants’ replies', async () => {
    const shared = new Replica();
    for (let i = 0; i < 300; i++)
      shared.apply(lineOf(policy(`app${i}@x`, { tenantId: `tenant-${i % 7}` as TenantId, revision: i + 1 })));
    const replies = new TenantReplies();
    const own = { tenantId: 'tenant-3' as TenantId, text: 'not from {ip}', helpUrl: null, opaque: false };
    replies.begin();
    replies.apply(JSON.stringify(own));
    replies.complete();
    await writePolicies(path, shared, 0, replies);
    const back = await readPolicies(path, Date.now);
    if (back === null) throw new Error('There is no file.');
    expect(back.replies).toEqual([own]);
    back.replica.apply(lineOf(policy('new@x', { tenantId: 'tenant-8' as TenantId, revision: 301 })));
    for (const [username, tenantId] of [
      ['app3@x', 'tenant-3'],
      ['app299@x', 'tenant-5'],
      ['new@x', 'tenant-8'],
    ] as const) {
      back.replica.decideCode(username, '192.0.2.1');
      expect(back.replica.tenantId()).toBe(tenantId);
    }
  });

  it('returns a replica that can be changed', async () => {
    await writePolicies(path, replica, 0);
    const back = await readBack();
    back.apply(lineOf(policy('app8@x', { entries: ['192.0.2.1'], revision: 502 })));
    expect(reason(back, 'app8@x', '10.0.8.1')).toBe('ip-not-authorized');
  });

  it('does not exist before the first save', async () => {
    expect(await readPolicies(path, Date.now)).toBeNull();
  });

  it('has each policy as it was or newer if policies change during a write, and all after the changes are repeated', async () => {
    const users = 60_000;
    const changing = new Replica();
    for (let i = 0; i < users; i++) changing.apply(lineOf(policy(`app${i}@x`, { revision: i + 1 })));
    // Lists of different lengths: the records move, also to places of removed ones.
    const changes = Array.from({ length: 3_000 }, (_, i) => {
      const entries = ['192.0.2.1', '192.0.2.2', '2001:db8::1'].slice(i % 3);
      return lineOf(policy(`app${17 * i}@x`, { removed: i % 5 === 0, entries, revision: users + 1 + i }));
    });
    let written = false;
    const writing = writePolicies(path, changing, 0).finally(() => (written = true));
    const applied: Buffer[] = [];
    for (const change of changes) {
      await new Promise((next) => setImmediate(next));
      changing.apply(change);
      if (!written) applied.push(change);
    }
    await writing;
    const back = await readBack();
    expect(applied.length).toBeGreaterThan(10);
    expect(back.revision).toBe(users);
    // Only users that were removed during the write may be unknown.
    const unknown = Array.from({ length: users }, (_, i) => i).filter(
      (i) => reason(back, `app${i}@x`, '198.51.100.1') !== 'ip-not-authorized' && i % 85 !== 0,
    );
    expect(unknown).toEqual([]);
    for (const change of changes) back.apply(change, 0, back.revision);
    expect([back.policies, digestToHex(back.digest)]).toEqual([changing.policies, digestToHex(changing.digest)]);
  });

  it('is not used if a single bit is flipped, or it is cut off anywhere', async () => {
    const small = new Replica();
    small.apply(lineOf(policy('app@x', { entries: ['203.0.113.0/24', '2001:db8::1'] })));
    await writePolicies(path, small, 0);
    const bytes = await readFile(path);
    const used: string[] = [];
    const tryWith = async (what: string, damaged: Uint8Array): Promise<void> => {
      await writeFile(path, damaged);
      const error: unknown = await readPolicies(path, Date.now).catch((thrown: unknown) => thrown);
      if (!(error instanceof LastKnownGoodUnusable)) used.push(`${what}: ${String(error)}`);
    };
    for (let at = 0; at < bytes.length; at++) {
      const flipped = Uint8Array.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at & 7));
      await tryWith(`a bit of byte ${at} flipped`, flipped);
    }
    for (let length = 0; length < bytes.length; length++) await tryWith(`${length} bytes`, bytes.subarray(0, length));
    for (const more of [1, 4, 36]) await tryWith('more bytes', Buffer.concat([bytes, Buffer.alloc(more)]));
    expect(used).toEqual([]);
  });

  it('is unchanged if a writer ends in the middle of its work', async () => {
    await writePolicies(path, replica, 0);
    await writeFile(`${path}.next`, 'half a file');
    expect((await readBack()).policies).toBe(499);
    await writePolicies(path, replica, 1);
    expect(await readdir(folder)).toEqual(['policies']);
  });
});

import type { RelayPolicy } from '@postern/contracts';

type Changes = Partial<Omit<RelayPolicy, 'revision' | 'entries'>> & {
  revision?: number;
  entries?: readonly (string | { range: string; expiresAt: string | null })[];
};

/** A policy for tests: restricted to `203.0.113.42` by default. An entry may be given as its range alone. */
export function policy(username: string, changes: Changes = {}): RelayPolicy {
  const entries = (changes.entries ?? ['203.0.113.42']).map((entry) =>
    typeof entry === 'string' ? { range: entry, expiresAt: null } : entry,
  );
  return {
    username,
    tenantId: 'acme',
    smtpUserId: '0198c0de-0000-7000-8000-000000000001',
    restricted: true,
    mode: 'enforce',
    enforceAt: null,
    version: 1,
    removed: false,
    ...changes,
    entries,
    revision: changes.revision ?? 1,
  } as unknown as RelayPolicy;
}

/** The line of a policy, in the form in which our control plane writes it. */
export function lineOf(policy: RelayPolicy): Buffer {
  const { username, tenantId, smtpUserId, version, restricted, mode, enforceAt, entries, revision, removed } = policy;
  const line = { username, tenantId, smtpUserId, version, restricted, mode, enforceAt, entries, revision, removed };
  return Buffer.from(`${JSON.stringify(line)}\n`);
}

import type { ProblemCode } from '../status.js';

/** This relay cannot read a policy. Nothing of it is applied; the user's old policy stays. */
export class PolicyUnreadable extends Error {
  override readonly name = 'PolicyUnreadable';
  readonly problem: ProblemCode = 'policy-unreadable';

  constructor(field: string, found: string) {
    super(
      `A relay policy has no readable ${field}: ${JSON.stringify(found.slice(0, 100))}. ` +
        'Compare the versions of this relay and of the control plane; until then the last policies stay in use.',
    );
  }
}

export function parseObject(json: string, field: string): Record<string, unknown> {
  let found: unknown;
  try {
    found = JSON.parse(json);
  } catch {
    throw new PolicyUnreadable(field, json);
  }
  if (typeof found !== 'object' || found === null || Array.isArray(found)) throw new PolicyUnreadable(field, json);
  return found as Record<string, unknown>;
}

/** Converts any legal JSON to the form that `PolicyReader` reads and checks. @throws PolicyUnreadable. */
export function rewritten(json: string): Buffer {
  const { username, tenantId, smtpUserId, version, restricted, mode, enforceAt, entries, revision, removed } =
    parseObject(json, 'JSON');
  const recognised = Array.isArray(entries)
    ? entries.map((entry: { range?: unknown; expiresAt?: unknown } | null) => ({
        range: entry?.range,
        expiresAt: entry?.expiresAt,
      }))
    : undefined;
  // Decisions do not need the tenant.
  const tenant = typeof tenantId === 'string' ? tenantId : '';
  const line = {
    username,
    tenantId: tenant,
    smtpUserId,
    version,
    restricted,
    mode,
    enforceAt,
    entries: recognised,
    revision,
    removed,
  };
  return Buffer.from(`${JSON.stringify(line)}\n`);
}

import type { ProblemCode } from '../status.js';

/** A policy that the control plane sent and this relay can't read. Nothing of it is applied; the old one of its user stays. */
export class PolicyUnreadable extends Error {
  override readonly name = 'PolicyUnreadable';
  readonly problem: ProblemCode = 'policy-unreadable';

  constructor(field: string, found: string) {
    super(
      `A relay policy has no readable ${field}: ${JSON.stringify(found.slice(0, 100))}. ` +
        'Compare the versions of this relay and of the control plane; until then the last policies stay in force.',
    );
  }
}

/** Parses an object. @throws PolicyUnreadable. */
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

/**
 * A policy in any legal form of JSON, written as `PolicyReader` reads it: members in our order, and those it doesn't need left out.
 * What a member holds is for that reader to judge. @throws PolicyUnreadable where it is no JSON object.
 */
export function rewritten(json: string): Buffer {
  const { username, tenantId, smtpUserId, restricted, mode, entries, version, revision, removed } = parseObject(
    json,
    'JSON',
  );
  const known = Array.isArray(entries)
    ? entries.map((entry: { range?: unknown; expiresAt?: unknown } | null) => ({
        range: entry?.range,
        expiresAt: entry?.expiresAt,
      }))
    : undefined;
  // No decision needs the tenant.
  const tenant = typeof tenantId === 'string' ? tenantId : '';
  const line = { username, tenantId: tenant, smtpUserId, restricted, mode, entries: known, version, revision, removed };
  return Buffer.from(`${JSON.stringify(line)}\n`);
}

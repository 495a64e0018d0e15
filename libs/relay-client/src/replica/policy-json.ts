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

/** Of a policy and of its entries, in the order in which `PolicyReader` reads them. */
const MEMBERS = [
  'username',
  'tenantId',
  'smtpUserId',
  'version',
  'restricted',
  'mode',
  'enforceAt',
  'entries',
  'range',
  'expiresAt',
  'revision',
  'removed',
];

/** Converts any legal JSON to the form that `PolicyReader` reads and checks. @throws PolicyUnreadable. */
export function rewritten(json: string): Buffer {
  const policy = parseObject(json, 'JSON');
  // Decisions do not need the tenant.
  if (typeof policy['tenantId'] !== 'string') policy['tenantId'] = '';
  return Buffer.from(`${JSON.stringify(policy, MEMBERS)}\n`);
}

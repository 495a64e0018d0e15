import type { Heartbeat, RelayPolicy, RelayPolicyEntry } from '@postern/contracts';
import { PolicyUnreadable } from './policy-unreadable.js';

/**
 * Reads a policy: a line of the snapshot, or the data of an SSE `policy`. Fields it does not know are left alone.
 * @throws PolicyUnreadable; ranges and times are checked where the replica takes them in.
 */
export function readPolicy(json: string): RelayPolicy {
  const found = parseObject(json, 'JSON');
  require(typeof found['username'] === 'string', 'username', json);
  require(typeof found['smtpUserId'] === 'string', 'smtpUserId', json);
  require(typeof found['restricted'] === 'boolean', 'restricted', json);
  require(typeof found['removed'] === 'boolean', 'removed', json);
  require(found['mode'] === 'enforce' || found['mode'] === 'report-only', 'mode', json);
  require(isCount(found['version']), 'version', json);
  require(isCount(found['revision']), 'revision', json);
  require(Array.isArray(found['entries']) && found['entries'].every(isEntry), 'entries', json);
  return found as unknown as RelayPolicy;
}

/** Reads the data of an SSE `heartbeat`. @throws PolicyUnreadable. */
export function readHeartbeat(json: string): Heartbeat {
  const found = parseObject(json, 'heartbeat');
  require(isCount(found['revision']), 'heartbeat', json);
  require(isCount(found['policies']), 'heartbeat', json);
  require(typeof found['digest'] === 'string' && /^[0-9a-f]{16}$/.test(found['digest']), 'heartbeat', json);
  require(isLag(found['lagEvents']) && isLag(found['lagSeconds']), 'heartbeat', json);
  return found as unknown as Heartbeat;
}

function parseObject(json: string, field: string): Record<string, unknown> {
  let found: unknown;
  try {
    found = JSON.parse(json);
  } catch {
    throw new PolicyUnreadable(field, json);
  }
  require(typeof found === 'object' && found !== null && !Array.isArray(found), field, json);
  return found as Record<string, unknown>;
}

function require(holds: boolean, field: string, json: string): void {
  if (!holds) throw new PolicyUnreadable(field, json);
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

const isLag = (value: unknown): boolean => value === null || (typeof value === 'number' && value >= 0);

function isEntry(value: unknown): value is RelayPolicyEntry {
  if (typeof value !== 'object' || value === null) return false;
  const { range, expiresAt } = value as Record<string, unknown>;
  return typeof range === 'string' && (expiresAt === null || typeof expiresAt === 'string');
}

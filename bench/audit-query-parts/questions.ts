import { Seeded } from '../parts/seeded.js';
import type { BenchTenant } from '../parts/tenants.js';

/** A kind of question that auditors ask, as a path below `/v1/tenants/{t}`. */
export interface Question {
  readonly kind: string;
  /** Another one each time, by seed. */
  readonly path: (random: Seeded, target: Target) => string;
}

/** Of whom a question is asked, and in which time. */
export interface Target {
  readonly tenant: BenchTenant;
  readonly userId: string;
  readonly username: string;
  readonly until: Date;
  readonly days: number;
}

const DAY_MS = 24 * 60 * 60 * 1_000;

/** A stretch of so many days somewhere in the set. */
function stretch(random: Seeded, { until, days }: Target, length: number): string {
  const from = until.getTime() - (length + random.next() * (days - length)) * DAY_MS;
  return `from=${new Date(from).toISOString()}&to=${new Date(from + length * DAY_MS).toISOString()}`;
}

const ofUser = (target: Target): string => `/smtp-users/${target.userId}`;
const cidr = (random: Seeded, bits: 8 | 16 | 24): string => {
  const first = [45, 91, 185, 203][random.below(4)];
  if (bits === 8) return `${first}.0.0.0/8`;
  return bits === 16
    ? `${first}.${random.below(200)}.0.0/16`
    : `${first}.${random.below(200)}.${random.below(20)}.0/24`;
};

export const QUESTIONS: readonly Question[] = [
  { kind: 'user', path: (_, target) => `${ofUser(target)}/denials` },
  { kind: 'userDay', path: (random, target) => `${ofUser(target)}/denials?${stretch(random, target, 1)}` },
  { kind: 'userAddress', path: (random, target) => `${ofUser(target)}/denials?ip=${cidr(random, 24)}` },
  { kind: 'userWide', path: (random, target) => `${ofUser(target)}/denials?ip=${cidr(random, 8)}` },
  { kind: 'tenant', path: () => '/denials' },
  { kind: 'tenantDay', path: (random, target) => `/denials?${stretch(random, target, 1)}` },
  { kind: 'tenantMonth', path: (random, target) => `/denials?${stretch(random, target, 30)}` },
  { kind: 'tenantUsername', path: (_, target) => `/denials?username=${encodeURIComponent(target.username)}` },
  { kind: 'tenantAddress24', path: (random) => `/denials?ip=${cidr(random, 24)}` },
  { kind: 'tenantAddress16', path: (random) => `/denials?ip=${cidr(random, 16)}` },
  { kind: 'tenantAddress8', path: (random) => `/denials?ip=${cidr(random, 8)}` },
  { kind: 'tenantRelay', path: (random) => `/denials?relay=mx${random.below(20)}` },
  { kind: 'tenantRareRelay', path: () => '/denials?relay=mx-rare' },
  { kind: 'tenantNoRelay', path: () => '/denials?relay=mx-none' },
  { kind: 'tenantRareReason', path: () => '/denials?reason=source-ip-invalid' },
  { kind: 'tenantNotRefused', path: () => '/denials?refused=false' },
  { kind: 'deniedIps', path: (_, target) => `${ofUser(target)}/denied-ips` },
];

import { BlockList } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { RelayPolicy } from '@postern/contracts';
import { MATCHED, Replica } from '../../libs/relay-client/src/replica/replica.js';
import type { Population } from './population.js';

/** One way to go from two strings, as a relay has them, to "may log in". */
export interface Contender {
  readonly name: string;
  /** Decides all pairs, and gives how many may log in: the answers must agree. */
  decideAll(usernames: readonly string[], ips: readonly string[]): number;
}

export function replicaOf(population: Population): { contender: Contender; replica: Replica } {
  const replica = new Replica({ expectedUsers: population.users });
  for (let user = 0; user < population.users; user++)
    replica.apply(Buffer.from(`${JSON.stringify(policyOf(population, user))}\n`));
  const decideAll = (usernames: readonly string[], ips: readonly string[]): number => {
    let allowed = 0;
    for (let i = 0; i < usernames.length; i++) {
      if (replica.decideCode(usernames[i] as string, ips[i] as string) === MATCHED) allowed++;
    }
    return allowed;
  };
  return { contender: { name: 'postern', decideAll }, replica };
}

/** Peer (a): a `Map` of Node's own `BlockList`, one a user. */
export function blockLists(population: Population): Contender {
  const lists = new Map<string, BlockList>();
  for (let user = 0; user < population.users; user++) {
    const list = new BlockList();
    for (const range of population.ranges(user)) {
      const family = range.includes(':') ? 'ipv6' : 'ipv4';
      const [network, prefix] = range.split('/') as [string, string?];
      if (prefix === undefined) list.addAddress(network, family);
      else list.addSubnet(network, Number(prefix), family);
    }
    lists.set(population.username(user), list);
  }
  const decideAll = (usernames: readonly string[], ips: readonly string[]): number => {
    let allowed = 0;
    for (let i = 0; i < usernames.length; i++) {
      const ip = ips[i] as string;
      if (lists.get(usernames[i] as string)?.check(ip, ip.includes(':') ? 'ipv6' : 'ipv4') === true) allowed++;
    }
    return allowed;
  };
  return { name: 'blockList', decideAll };
}

type Cidr = [ipaddr.IPv4 | ipaddr.IPv6, number];

/** Peer (b): a `Map` of ranges that ipaddr.js has parsed beforehand. */
export function parsedRanges(population: Population): Contender {
  const ranges = new Map<string, Cidr[]>();
  for (let user = 0; user < population.users; user++) {
    const parsed = population.ranges(user).map((range): Cidr => {
      if (range.includes('/')) return ipaddr.parseCIDR(range);
      return [ipaddr.parse(range), range.includes(':') ? 128 : 32];
    });
    ranges.set(population.username(user), parsed);
  }
  const decideAll = (usernames: readonly string[], ips: readonly string[]): number => {
    let allowed = 0;
    for (let i = 0; i < usernames.length; i++) {
      const address = ipaddr.process(ips[i] as string);
      for (const [network, prefix] of ranges.get(usernames[i] as string) ?? []) {
        if (network.kind() === address.kind() && holds(address, network, prefix)) {
          allowed++;
          break;
        }
      }
    }
    return allowed;
  };
  return { name: 'ipaddrJs', decideAll };
}

/** `match` is declared per family; the families are known to agree here. */
function holds(address: ipaddr.IPv4 | ipaddr.IPv6, network: ipaddr.IPv4 | ipaddr.IPv6, prefix: number): boolean {
  return (address as ipaddr.IPv4).match(network as ipaddr.IPv4, prefix);
}

function policyOf(population: Population, user: number): RelayPolicy {
  return {
    username: population.username(user),
    tenantId: 'bench',
    smtpUserId: '0198c0de-0000-7000-8000-000000000001',
    version: 1,
    restricted: true,
    mode: 'enforce',
    enforceAt: null,
    entries: population.ranges(user).map((range) => ({ range, expiresAt: null })),
    revision: user + 1,
    removed: false,
  } as unknown as RelayPolicy;
}

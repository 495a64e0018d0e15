import { join } from 'node:path';
import { serviceUrl, type ServiceLogin } from '@postern/database';
import type { ChildPlan } from './child.js';

const SERVICES = [
  { name: 'command-service', login: 'postern_command_service', urls: 'POSTERN_COMMAND_URLS' },
  { name: 'projection-service', login: 'postern_projection_service', urls: 'POSTERN_PROJECTION_URLS' },
  { name: 'audit-trail-service', login: 'postern_audit_trail_service', urls: 'POSTERN_AUDIT_TRAIL_URLS' },
] as const satisfies readonly { name: string; login: ServiceLogin; urls: string }[];

/** Not for the children: whoever reads the environment of one of them must not find another's secret. */
const SECRETS = /^POSTERN_(DATABASE_URL|DATABASE_URL_FILE|OPERATOR_KEY|\w+_SERVICE_PASSWORD)$/;
const KAFKA = /^POSTERN_KAFKA_/;
const LOOPBACK = '127.0.0.1/32,::1/128';

export interface Plan {
  readonly services: readonly (ChildPlan & { readonly url: string })[];
  readonly gateway: ChildPlan;
}

export interface PlanOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly ownerUrl: string;
  /** Passwords of the logins that are not derived. */
  readonly passwords: Partial<Readonly<Record<ServiceLogin, string>>>;
  /** Of each service. */
  readonly instances: number;
  /** The gateway's first, then one for each instance, service by service. */
  readonly ports: readonly number[];
}

/** What runs where, and what each process is told: no more than it needs. */
export function planServices(options: PlanOptions): Plan {
  const { environment, ownerUrl, passwords, instances, ports } = options;
  const shared = Object.fromEntries(Object.entries(environment).filter(([name]) => !SECRETS.test(name)));
  const apps = join(import.meta.dirname, '..', '..');
  const services = SERVICES.flatMap(({ name, login }, index) =>
    Array.from({ length: instances }, (_, i) => {
      const port = ports[1 + index * instances + i];
      return {
        name: `${name} ${i + 1}`,
        url: `http://127.0.0.1:${port}`,
        file: join(apps, name, 'src', 'main.js'),
        environment: {
          ...shared,
          ...(login === 'postern_command_service' ? { POSTERN_OPERATOR_KEY: environment['POSTERN_OPERATOR_KEY'] } : {}),
          POSTERN_DATABASE_URL: serviceUrl(ownerUrl, login, passwords[login]),
          POSTERN_HTTP_HOST: '127.0.0.1',
          POSTERN_HTTP_PORT: String(port),
          // The gateway's word on who asks is believed.
          POSTERN_TRUSTED_PROXIES: LOOPBACK,
        },
      };
    }),
  );
  const urls = SERVICES.map(({ urls }, index) => [
    urls,
    services
      .slice(index * instances, (index + 1) * instances)
      .map(({ url }) => url)
      .join(','),
  ]);
  const ofGateway = Object.fromEntries(Object.entries(shared).filter(([name]) => !KAFKA.test(name)));
  return {
    services,
    gateway: {
      name: 'gateway',
      file: join(apps, 'gateway', 'src', 'main.js'),
      environment: { ...ofGateway, ...Object.fromEntries(urls), POSTERN_HTTP_PORT: String(ports[0]) },
    },
  };
}

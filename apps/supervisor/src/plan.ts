import { join } from 'node:path';
import { serviceUrl, type ServiceLogin } from '@postern/database';
import { servicePasswords } from '../../database-tool/src/migrate/prepare-database.js';
import type { ChildPlan } from './child.js';
import { SERVICES, type Service } from './routes.js';

const LOGINS: Readonly<Record<Service, ServiceLogin>> = {
  'command-service': 'postern_command_service',
  'projection-service': 'postern_projection_service',
  'audit-trail-service': 'postern_audit_trail_service',
};

/** Not passed to children: the environment of one must not contain another's secret. */
const SECRETS = /^POSTERN_(DATABASE_URL|DATABASE_URL_FILE|OPERATOR_KEY|\w+_SERVICE_PASSWORD)$/;
const LOOPBACK = '127.0.0.1/32,::1/128';

export function serviceUrls(ports: readonly number[]): Readonly<Record<Service, readonly string[]>> {
  const instances = ports.length / SERVICES.length;
  const urls = SERVICES.map((service, i) => [
    service,
    ports.slice(i * instances, (i + 1) * instances).map((port) => `http://127.0.0.1:${port}`),
  ]);
  return Object.fromEntries(urls) as Record<Service, string[]>;
}

export function planServices(
  environment: NodeJS.ProcessEnv,
  ownerUrl: string,
  urls: Readonly<Record<Service, readonly string[]>>,
): readonly ChildPlan[] {
  const passwords = servicePasswords(environment);
  const shared = Object.fromEntries(Object.entries(environment).filter(([name]) => !SECRETS.test(name)));
  const apps = join(import.meta.dirname, '..', '..');
  return SERVICES.flatMap((service) =>
    urls[service].map((url, i) => ({
      name: `${service} ${i + 1}`,
      url,
      file: join(apps, service, 'src', 'main.js'),
      environment: {
        ...shared,
        ...(service === 'command-service' ? { POSTERN_OPERATOR_KEY: environment['POSTERN_OPERATOR_KEY'] } : {}),
        POSTERN_DATABASE_URL: serviceUrl(ownerUrl, LOGINS[service], passwords[LOGINS[service]]),
        POSTERN_HTTP_HOST: '127.0.0.1',
        POSTERN_HTTP_PORT: new URL(url).port,
        POSTERN_TRUSTED_PROXIES: LOOPBACK,
      },
    })),
  );
}

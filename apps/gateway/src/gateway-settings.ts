import { SettingInvalid } from '@postern/settings';
import type { Service } from './routes.js';

/** Where the instances of each service are. */
export type UpstreamUrls = Readonly<Record<Service, readonly string[]>>;

const VARIABLES: Readonly<Record<Service, readonly [name: string, byDefault: string]>> = {
  'command-service': ['POSTERN_COMMAND_URLS', 'http://127.0.0.1:8026'],
  'projection-service': ['POSTERN_PROJECTION_URLS', 'http://127.0.0.1:8027'],
  'audit-trail-service': ['POSTERN_AUDIT_TRAIL_URLS', 'http://127.0.0.1:8028'],
};
export const MOST_INSTANCES = 64;

/** Reads `POSTERN_…_URLS`, by commas. Throws `SettingInvalid` at the first that is no `http://host:port`. */
export function loadUpstreamUrls(environment: NodeJS.ProcessEnv): UpstreamUrls {
  const of = (service: Service) => urlsOf(environment, ...VARIABLES[service]);
  return {
    'command-service': of('command-service'),
    'projection-service': of('projection-service'),
    'audit-trail-service': of('audit-trail-service'),
  };
}

function urlsOf(environment: NodeJS.ProcessEnv, name: string, byDefault: string): string[] {
  const urls = (environment[name] || byDefault).split(',').map((part) => part.trim());
  const wrong = urls.find((text) => !isOrigin(text));
  if (wrong !== undefined)
    throw new SettingInvalid(
      `${name} must be http://host:port of each instance, separated by commas; ${shown(wrong)} is none`,
    );
  const distinct = [...new Set(urls.map((text) => new URL(text).origin))];
  if (distinct.length > MOST_INSTANCES)
    throw new SettingInvalid(`${name} must name ${MOST_INSTANCES} instances at most (it names ${distinct.length})`);
  return distinct;
}

/** What stands before an @ may be a password. */
function shown(url: string): string {
  return url.includes('@') ? 'one with a login in it' : JSON.stringify(url);
}

function isOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, pathname, search, hash, username } = new URL(text);
  return /^https?:$/.test(protocol) && pathname === '/' && search === '' && hash === '' && username === '';
}

export const SERVICES = ['command-service', 'projection-service', 'audit-trail-service'] as const;
export type Service = (typeof SERVICES)[number];

type Rules = readonly (readonly [Service, RegExp])[];

/** As in deploy/nginx/postern-http.conf: the first pattern that matches counts. */
const READS: Rules = [
  // Read where they are written: they contain what was just answered.
  ['command-service', /^\/v1\/(tenants|api-keys|whoami|tenants\/[^/]+\/(api-keys|reply))$/],
  ['audit-trail-service', /^\/v1\/(changes|dead-letters(\/[^/]+)?)$/],
  [
    'audit-trail-service',
    /^\/v1\/tenants\/[^/]+\/(changes|denials(\/stream|\/histogram)?|denial-summaries|entries|refusing-now)$/,
  ],
  [
    'audit-trail-service',
    /^\/v1\/tenants\/[^/]+\/smtp-users\/[^/]+\/(denials(\/stream)?|denied-ips|history|restriction\/(check|suggestion)|sources(\/histogram)?)$/,
  ],
  ['projection-service', /^\/(v1\/.*|openapi\.json|docs(\/.*)?|sign-in|(t|operator|help|assets)\/.*)?$/],
];
const WRITES: Rules = [
  // Counts of logins are telemetry, not events: they are not in the journal.
  ['audit-trail-service', /^\/v1\/(dead-letters\/.*|relay\/logins)$/],
  // A read with a body: it changes nothing.
  ['audit-trail-service', /^\/v1\/tenants\/[^/]+\/smtp-users\/[^/]+\/restriction\/preview$/],
  ['command-service', /^\/v1\//],
];

/** The service that answers the request; unknown routes get its 404. Undefined: none does. */
export function serviceOf(method: string, path: string): Service | undefined {
  const rules = method === 'GET' || method === 'HEAD' ? READS : WRITES;
  return rules.find(([, pattern]) => pattern.test(path))?.[0];
}

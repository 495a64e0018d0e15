export const SERVICES = ['command-service', 'projection-service', 'audit-trail-service'] as const;
export type Service = (typeof SERVICES)[number];

type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

interface Routes {
  readonly to: Service;
  readonly methods: readonly Method[];
  /** In Fastify's form; of two that match, the one with fewer variable parts is used. */
  readonly paths: readonly string[];
}

const READS = ['GET', 'HEAD'] as const;
const SMTP_USER = '/v1/tenants/:tenantId/smtp-users/:smtpUserId';

/** The service of each route; deploy/nginx/postern-http.conf has the same for nginx. Unknown routes get a service's 404. */
export const ROUTES: readonly Routes[] = [
  { to: 'command-service', methods: ['POST', 'PUT', 'PATCH', 'DELETE'], paths: ['/v1/*'] },
  { to: 'projection-service', methods: READS, paths: ['/v1/*', '/openapi.json', '/docs', '/docs/*'] },
  {
    to: 'projection-service',
    methods: READS,
    paths: ['/', '/sign-in', '/t/*', '/operator/*', '/help/*', '/assets/*'],
  },
  {
    // Read where they are written: they contain what was just answered.
    to: 'command-service',
    methods: READS,
    paths: [
      '/v1/tenants',
      '/v1/api-keys',
      '/v1/whoami',
      '/v1/tenants/:tenantId/api-keys',
      '/v1/tenants/:tenantId/reply',
    ],
  },
  {
    to: 'audit-trail-service',
    methods: ['POST', 'DELETE'],
    paths: ['/v1/dead-letters/*'],
  },
  {
    // Telemetry, and no events: it never touches the journal.
    to: 'audit-trail-service',
    methods: ['POST'],
    paths: ['/v1/relay/logins'],
  },
  {
    // It changes nothing: a read with a body.
    to: 'audit-trail-service',
    methods: ['POST'],
    paths: [`${SMTP_USER}/restriction/preview`],
  },
  {
    to: 'audit-trail-service',
    methods: READS,
    paths: [
      '/v1/dead-letters',
      '/v1/dead-letters/:deadLetterId',
      '/v1/changes',
      '/v1/tenants/:tenantId/changes',
      '/v1/tenants/:tenantId/entries',
      '/v1/tenants/:tenantId/denials',
      '/v1/tenants/:tenantId/denials/stream',
      '/v1/tenants/:tenantId/denials/histogram',
      '/v1/tenants/:tenantId/denial-summaries',
      '/v1/tenants/:tenantId/refusing-now',
      `${SMTP_USER}/denials`,
      `${SMTP_USER}/denials/stream`,
      `${SMTP_USER}/denied-ips`,
      `${SMTP_USER}/history`,
      `${SMTP_USER}/restriction/check`,
      `${SMTP_USER}/restriction/suggestion`,
      `${SMTP_USER}/sources`,
      `${SMTP_USER}/sources/histogram`,
    ],
  },
];

/** The services behind the gateway. */
export const SERVICES = ['command-service', 'projection-service', 'audit-trail-service'] as const;
export type Service = (typeof SERVICES)[number];

export interface Route {
  readonly methods: readonly ('GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE')[];
  /** As Fastify has it; of two that fit, the one with fewer variable parts is taken. */
  readonly path: string;
  readonly to: Service;
}

const READS = ['GET', 'HEAD'] as const;
const WRITES = ['POST', 'PUT', 'PATCH', 'DELETE'] as const;
const SMTP_USER = '/v1/tenants/:tenantId/smtp-users/:smtpUserId';

/**
 * Which service answers what. Writes go to the command-service, and so do relays' decisions and denials. Reads go to the
 * projection-service, but for what follows here. What no service has, is answered 404 by the one that it is sent to.
 */
export const ROUTES: readonly Route[] = [
  { methods: WRITES, path: '/v1/*', to: 'command-service' },
  { methods: READS, path: '/v1/*', to: 'projection-service' },

  // Read where they are written: these lists hold what has just been answered.
  { methods: READS, path: '/v1/tenants', to: 'command-service' },
  { methods: READS, path: '/v1/api-keys', to: 'command-service' },
  { methods: READS, path: '/v1/whoami', to: 'command-service' },
  { methods: READS, path: '/v1/tenants/:tenantId/api-keys', to: 'command-service' },

  { methods: READS, path: '/v1/changes', to: 'audit-trail-service' },
  { methods: READS, path: '/v1/tenants/:tenantId/changes', to: 'audit-trail-service' },
  { methods: READS, path: '/v1/tenants/:tenantId/denials', to: 'audit-trail-service' },
  { methods: READS, path: `${SMTP_USER}/denials`, to: 'audit-trail-service' },
  { methods: READS, path: `${SMTP_USER}/denied-ips`, to: 'audit-trail-service' },
  { methods: READS, path: `${SMTP_USER}/history`, to: 'audit-trail-service' },

  // The page that shows the API; what it shows is the gateway's own.
  { methods: READS, path: '/docs', to: 'projection-service' },
  { methods: READS, path: '/docs/*', to: 'projection-service' },
];

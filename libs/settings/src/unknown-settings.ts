import { Environment } from './settings.js';

/** One environment may serve all parts of Postern, like a `.env` of Docker Compose. */
export const KNOWN_SETTINGS: readonly string[] = [
  ...Object.keys(Environment.shape),
  'POSTERN_COMMIT',
  // `npm run migrate`.
  'POSTERN_COMMAND_SERVICE_PASSWORD',
  'POSTERN_PROJECTION_SERVICE_PASSWORD',
  'POSTERN_AUDIT_TRAIL_SERVICE_PASSWORD',
  'POSTERN_BROKER_PORT',
  // The command line, relays and examples.
  'POSTERN_URL',
  'POSTERN_KEY',
  'POSTERN_KEY_FILE',
  'POSTERN_TENANT',
  'POSTERN_RELAY_KEY',
  'POSTERN_RELAY_KEY_FILE',
  // The relay agent.
  'POSTERN_RELAY_NAME',
  'POSTERN_AGENT_UPSTREAMS',
  'POSTERN_AGENT_TLS_CA_FILE',
  'POSTERN_AGENT_TLS_CERT_FILE',
  'POSTERN_AGENT_TLS_KEY_FILE',
  'POSTERN_AGENT_DATA_DIR',
  'POSTERN_AGENT_HTTP',
  'POSTERN_AGENT_POSTFIX',
  'POSTERN_AGENT_DOVECOT_AUTH',
  'POSTERN_AGENT_DOVECOT_AUTH_UPSTREAM',
  'POSTERN_AGENT_NGINX_BACKEND',
  'POSTERN_AGENT_SOCKET_MODE',
  'POSTERN_AGENT_SOCKET_OWNER',
  'POSTERN_AGENT_UNKNOWN_USER',
  'POSTERN_AGENT_MAX_STALENESS',
  'POSTERN_AGENT_WHEN_STALE',
  'POSTERN_AGENT_OBSERVE_LOGINS',
  'POSTERN_TOPIC',
];

/** Prints them once: in the supervisor, not in its children. */
export function warnOfUnknownSettings(): void {
  const unknown = process.connected ? null : unknownSettings(process.env);
  if (unknown) process.stderr.write(`${unknown}\n`);
}

/** One line; null if every `POSTERN_…` variable is a setting. */
export function unknownSettings(environment: NodeJS.ProcessEnv): string | null {
  const unknown = Object.keys(environment).filter(
    (name) => /^POSTERN_(?!TEST_)/i.test(name) && !KNOWN_SETTINGS.includes(name),
  );
  if (unknown.length === 0) return null;
  return `Warning: these settings are unknown and have no effect: ${unknown.join(', ')}.`;
}

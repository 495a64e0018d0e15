import { Environment } from './settings.js';

/** Every variable that some part of Postern reads: one environment may serve them all, as a `.env` for Docker Compose does. */
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
  'POSTERN_TOPIC',
];

import { ensureServiceLogins, SERVICE_LOGINS, type ServiceLogin } from '@postern/database';
import { loadSettings, SettingInvalid } from '@postern/settings';
import { migrateAll, SCHEMAS } from '../../../standalone/src/database.js';

/** By service. Without one, the password is derived from the owner's. */
const PASSWORD_OF: Readonly<Record<ServiceLogin, string>> = {
  postern_command_service: 'POSTERN_COMMAND_SERVICE_PASSWORD',
  postern_projection_service: 'POSTERN_PROJECTION_SERVICE_PASSWORD',
  postern_audit_trail_service: 'POSTERN_AUDIT_TRAIL_SERVICE_PASSWORD',
};

/** Characters that neither SASLprep changes nor a URL escapes. */
const PASSWORD = /^[A-Za-z0-9._~-]{12,128}$/;

export function ownerUrl(): string {
  const { databaseUrl } = loadSettings(process.env);
  if (databaseUrl !== null) return databaseUrl;
  throw new SettingInvalid('POSTERN_DATABASE_URL must be set, to the URL of the owner of the database.');
}

/** Call it before the services start. @throws `SettingInvalid`, errors of `migrate`. */
export async function prepareDatabase(ownerUrl: string, environment: NodeJS.ProcessEnv): Promise<void> {
  const passwords = servicePasswords(environment);
  await migrateAll(ownerUrl);
  await ensureServiceLogins(ownerUrl, {
    bus: environment['POSTERN_KAFKA_BROKERS'] ? 'kafka' : 'feed',
    schemas: SCHEMAS.map(({ schema }) => schema),
    passwords,
  });
}

export function servicePasswords(environment: NodeJS.ProcessEnv): Partial<Record<ServiceLogin, string>> {
  const passwords: Partial<Record<ServiceLogin, string>> = {};
  for (const login of Object.keys(SERVICE_LOGINS) as ServiceLogin[]) {
    const password = environment[PASSWORD_OF[login]] ?? '';
    if (password === '') continue;
    if (!PASSWORD.test(password))
      throw new SettingInvalid(`${PASSWORD_OF[login]} must be 12 to 128 characters of A-Z a-z 0-9 . _ ~ -`);
    passwords[login] = password;
  }
  return passwords;
}

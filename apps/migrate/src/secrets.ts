import { SettingInvalid } from '@postern/settings';
import { makeSecrets } from './make-secrets.js';

/** `secrets.js <folder> <owner> <host:port/database>`: the one-shot service `secrets` of docker-compose.yml. */
const [folder, owner, database] = process.argv.slice(2);
if (folder === undefined || owner === undefined || database === undefined)
  throw new SettingInvalid('Name the folder of the secrets, the owner of the database, and host:port/database.');
await makeSecrets(folder, owner, database);
process.stdout.write(`The secrets are in ${folder}.\n`);

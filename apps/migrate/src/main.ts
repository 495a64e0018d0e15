import { runTask } from '@postern/process';
import { SettingInvalid } from '@postern/settings';
import { prepareDatabase } from './prepare-database.js';

await runTask(async (settings) => {
  if (settings.databaseUrl === null)
    throw new SettingInvalid('POSTERN_DATABASE_URL must be set, to the URL of the owner of the database.');
  await prepareDatabase(settings.databaseUrl, process.env);
  return 'The database is up to date, and the services can log in.';
});

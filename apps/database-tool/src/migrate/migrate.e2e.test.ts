import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';

const DATABASE_TOOL = join(process.cwd(), 'dist', 'apps', 'database-tool', 'src', 'main.js');

it('`npm run migrate` names the settings that are misspelt, as the services do, and the one that is missing', () => {
  const env = { PATH: process.env['PATH'], POSTERN_DATABSE_URL: 'postgresql://owner:secret@127.0.0.1/postern' };
  const { status, stdout, stderr } = spawnSync(process.execPath, [DATABASE_TOOL, 'migrate'], { env, encoding: 'utf8' });
  expect([status, stdout]).toEqual([1, '']);
  expect(stderr).toBe(
    'Warning: these settings are unknown and have no effect: POSTERN_DATABSE_URL.\n' +
      'Could not migrate: POSTERN_DATABASE_URL must be set, to the URL of the owner of the database.\n',
  );
});

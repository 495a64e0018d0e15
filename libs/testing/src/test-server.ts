import { mkdtemp, rm, chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '@postern/embedded-postgres';

/**
 * One PostgreSQL for a complete test run; jest's global set-up calls it.
 * `fsync` is off: what a crash of the machine would lose is not what these tests ask (a killed process loses nothing by it).
 */
export async function startTestServer(): Promise<{ url: string; stop: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-test-'));
  await chmod(folder, 0o711);
  const server = await startEmbeddedPostgres({
    dataDir: join(folder, 'postgres'),
    settings: { fsync: 'off', max_connections: '300', shared_buffers: '128MB' },
  });
  return {
    url: server.url(),
    stop: async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

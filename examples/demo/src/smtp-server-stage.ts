import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRelay } from '../../relay-smtp-server/src/index.js';
import { ask } from './api.js';
import { setScene } from './scene.js';
import { PASSWORD, USERNAME, type Stage } from './story.js';
import type { Transcript } from './transcript.js';

/** Starts a Postern, and the example relay in this process. */
export async function setSmtpServerStage(kind: 'one process' | 'services', transcript: Transcript): Promise<Stage> {
  const dataDir = await mkdtemp(join(tmpdir(), 'postern-demo-'));
  const ends = [() => rm(dataDir, { recursive: true, force: true })];
  const end = async () => {
    for (const each of ends.splice(0).toReversed()) await each();
  };
  try {
    const scene = await setScene(kind, dataDir, transcript);
    ends.push(() => scene.end());
    const { url, operatorKey } = scene.postern;
    if (operatorKey === null) throw new Error('A first start prints the operator key, but this one did not.');
    const operator = (path: string, body: unknown) => ask(url, operatorKey, 'POST', path, body);
    await operator('/v1/tenants', { id: 'acme', name: 'Acme Ltd' });
    const admin = await operator('/v1/tenants/acme/api-keys', { role: 'admin', name: 'platform team' });
    const relayKey = await operator('/v1/api-keys', { role: 'relay', name: 'mx1' });
    const user = await ask(url, admin.body.key, 'POST', '/v1/tenants/acme/smtp-users', { username: USERNAME });
    transcript.line('Postern', url);

    const relay = await startRelay({
      port: 0,
      postern: { url, key: relayKey.body.key },
      relayName: 'mx1',
      users: { [USERNAME]: PASSWORD },
      // Shows each login at once. By default, a relay folds denials by the minute, and reports logins once a minute.
      client: { foldWindowMs: 0, reportLoginsEveryMs: 1_000 },
    });
    ends.push(() => relay.close());
    transcript.line('relay mx1', `smtp://127.0.0.1:${relay.port}`);
    return {
      posternUrl: url,
      adminKey: admin.body.key,
      tenant: 'acme',
      smtpUserId: user.body.id,
      smtp: { port: relay.port },
      notAuthorized: /^535 5\.7\.1 IP not authorized$/,
      folds: false,
      relayRevision: () => relay.status().revision ?? 0,
      end,
    };
  } catch (error) {
    await end();
    throw error;
  }
}

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startRelay } from '../../relay-smtp-server/src/index.js';
import { ask } from './api.js';
import { setScene } from './scene.js';
import { tellStory } from './story.js';
import { Transcript } from './transcript.js';

const USERNAME = 'app@acme.example';
const PASSWORD = 'correct horse battery staple';
const kind = kindAsked(process.argv.slice(2));
const transcript = new Transcript();
const started = performance.now();

transcript.title('Postern, from a restriction to a 535: a real relay, a real client, real passwords.');
const dataDir = await mkdtemp(join(tmpdir(), 'postern-demo-'));
const scene = await setScene(kind, dataDir, transcript);
const { postern } = scene;
try {
  const { operatorKey } = postern;
  if (operatorKey === null) throw new Error('A first start prints the operator key, but this one did not.');
  const operator = (path: string, body: unknown) => ask(postern.url, operatorKey, 'POST', path, body);
  await operator('/v1/tenants', { id: 'acme', name: 'Acme Ltd' });
  const admin = await operator('/v1/tenants/acme/api-keys', { role: 'admin', name: 'platform team' });
  const relayKey = await operator('/v1/api-keys', { role: 'relay', name: 'mx1' });
  const user = await ask(postern.url, admin.body.key, 'POST', '/v1/tenants/acme/smtp-users', { username: USERNAME });
  transcript.line('Postern', postern.url);

  const relay = await startRelay({
    port: 0,
    postern: { url: postern.url, key: relayKey.body.key },
    relayName: 'mx1',
    users: { [USERNAME]: PASSWORD },
    // Each login of the story is to show at once; a relay at work folds a flood by the minute.
    client: { foldWindowMs: 0 },
  });
  try {
    transcript.line('relay mx1', `smtp://127.0.0.1:${relay.port}`);
    transcript.line('SMTP user', USERNAME);
    await tellStory(
      {
        posternUrl: postern.url,
        adminKey: admin.body.key,
        tenant: 'acme',
        smtpUserId: user.body.id,
        username: USERNAME,
        password: PASSWORD,
        relayPort: relay.port,
        relayRevision: () => relay.status().revision ?? 0,
      },
      transcript,
    );
  } finally {
    await relay.close();
  }
} finally {
  await scene.end();
  await rm(dataDir, { recursive: true, force: true });
}

const seconds = ((performance.now() - started) / 1_000).toFixed(1);
transcript.title(
  transcript.failures === 0
    ? `Every step came out as told, in ${seconds} s.`
    : `${transcript.failures} steps came out otherwise: see EXPECTED above.`,
);
process.exitCode = transcript.failures === 0 ? 0 : 1;

function kindAsked(args: string[]): 'one process' | 'services' {
  try {
    return parseArgs({ args, options: { services: { type: 'boolean' } } }).values.services ? 'services' : 'one process';
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}. There is --services alone.`);
    process.exit(2);
  }
}

import { startRelay } from '../../relay-smtp-server/src/index.js';
import { ask } from './api.js';
import { startPosternProcess } from './postern-process.js';
import { tellStory } from './story.js';
import { Transcript } from './transcript.js';

const USERNAME = 'app@acme.example';
const PASSWORD = 'correct horse battery staple';
const transcript = new Transcript();
const started = performance.now();

transcript.title('Postern, from a restriction to a 535: a real relay, a real client, real passwords.');
const postern = await startPosternProcess();
try {
  const operator = (path: string, body: unknown) => ask(postern.url, postern.operatorKey, 'POST', path, body);
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
      },
      transcript,
    );
  } finally {
    await relay.close();
  }
} finally {
  await postern.stop();
}

const seconds = ((performance.now() - started) / 1_000).toFixed(1);
transcript.title(
  transcript.failures === 0
    ? `Every step came out as told, in ${seconds} s.`
    : `${transcript.failures} steps came out otherwise: see EXPECTED above.`,
);
process.exitCode = transcript.failures === 0 ? 0 : 1;

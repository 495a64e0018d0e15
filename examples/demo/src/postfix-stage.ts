import { MailWorld, startPostfixWithDovecot } from '@postern/testing';
import { PASSWORD, USERNAME, type Stage } from './story.js';
import type { Transcript } from './transcript.js';

/** Starts a Postern, and Postfix, Dovecot and the relay agent with the files of examples/postfix-dovecot. */
export async function setPostfixStage(transcript: Transcript): Promise<Stage> {
  const world = await MailWorld.start();
  try {
    const smtpUserId = await world.register(USERNAME);
    const ports = await startPostfixWithDovecot(world, { [USERNAME]: PASSWORD });
    transcript.line('Postern', world.posternUrl);
    transcript.line('relay agent mx1', `http://${world.agentAddress}`);
    transcript.line('Postfix', `smtp://127.0.0.1:${ports.submission}, with STARTTLS`);
    return {
      posternUrl: world.posternUrl,
      adminKey: world.adminKey,
      tenant: 'acme',
      smtpUserId,
      smtp: { port: ports.submission, tls: 'starttls' },
      notAuthorized: /^535 5\.7\.8 Error: authentication failed: IP not authorized$/,
      folds: true,
      relayRevision: async () => {
        const ready = await fetch(`http://${world.agentAddress}/health/ready`);
        return ((await ready.json()) as { policies: { revision: number | null } }).policies.revision ?? 0;
      },
      end: () => world.end(),
    };
  } catch (error) {
    await world.end();
    throw error;
  }
}

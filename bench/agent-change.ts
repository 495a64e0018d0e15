import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';
import {
  MailWorld,
  missingPrograms,
  POSTFIX_WITH_DOVECOT,
  smtpLogin,
  SmtpSession,
  startPostfixWithDovecot,
} from '@postern/testing';
import { quantile, rounded } from './parts/quantile.js';

const CHANGES = Number(process.env['BENCH_CHANGES'] ?? 100);
const USER = 'app@acme.example';
const PASSWORD = 'correct horse battery staple';
const YES = /^235 /;
const NO = /^535 /;

/**
 * How fast a change of a restriction takes effect at a Postfix with Dovecot and the relay agent: from the API's answer to the end of the first login
 * on a new connection that shows it, and to the first refused MAIL FROM of an open session. Both include the SMTP dialogue, which is also measured
 * separately as `login`. As root.
 */
export async function run(): Promise<{
  bench: string;
  figures: Record<string, number>;
  ratios: Record<string, number>;
}> {
  const missing = missingPrograms(POSTFIX_WITH_DOVECOT, true);
  if (missing !== null) throw new Error(missing);
  const world = await MailWorld.start();
  try {
    await world.register(USER);
    const { submission } = await startPostfixWithDovecot(world, { [USER]: PASSWORD });
    const login = () => smtpLogin({ port: submission, tls: 'starttls', username: USER, password: PASSWORD });
    const [newMs, openMs, loginMs]: [number[], number[], number[]] = [[], [], []];
    let late = 0;
    for (let i = 0; i < CHANGES; i++) {
      await world.restrict(USER, ['127.0.0.1']);
      await measured(login, YES);
      loginMs.push((await measured(login, YES)).ms);
      const open = await SmtpSession.open({ port: submission, tls: 'starttls' });
      if (!YES.test(await open.login({ username: USER, password: PASSWORD })))
        throw new Error('The login was refused.');
      await world.restrict(USER, ['127.0.0.9']);
      const [inNew, inOpen] = await Promise.all([
        measured(login, NO),
        measured(() => open.send('a@acme.example', 'b@beta.example'), /^MAIL FROM: 535 /),
      ]);
      open.close();
      newMs.push(inNew.ms);
      openMs.push(inOpen.ms);
      if (inNew.tries > 1) late++;
    }
    const figures = {
      cores: availableParallelism(),
      changes: CHANGES,
      ...quantiles('newConnection', newMs),
      ...quantiles('openSession', openMs),
      ...quantiles('login', loginMs),
      loginsThatCameTooEarly: late,
    };
    return {
      bench: 'agent-change',
      figures,
      ratios: { newConnectionToLogin: rounded(quantile(newMs, 0.5) / quantile(loginMs, 0.5)) },
    };
  } finally {
    await world.end();
  }
}

/** Tries without a pause until the reply is as expected: the milliseconds until then, and the number of tries. */
async function measured(ask: () => Promise<string>, expected: RegExp): Promise<{ ms: number; tries: number }> {
  const start = performance.now();
  for (let tries = 1; tries <= 1_000; tries++)
    if (expected.test(await ask())) return { ms: performance.now() - start, tries };
  throw new Error(`No reply was ${expected} in 1000 tries.`);
}

function quantiles(name: string, samples: readonly number[]): Record<string, number> {
  return {
    [`${name}P50Ms`]: rounded(quantile(samples, 0.5)),
    [`${name}P99Ms`]: rounded(quantile(samples, 0.99)),
    [`${name}MaxMs`]: rounded(Math.max(...samples)),
  };
}

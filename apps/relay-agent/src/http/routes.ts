import { z } from 'zod';
import { BUILD, metrics } from '@postern/observe';
import type { Decision } from '@postern/relay-client';
import { answerDovecotPolicy } from '../dovecot-policy/dovecot-policy.js';
import type { Login, LoginCheck } from '../login-check.js';
import { answerNginx, type AskBackend } from '../nginx-auth/nginx-auth.js';
import { json, problem, type Routes } from './http-server.js';

export interface RoutesOptions {
  readonly checkFor: (protocol: string) => LoginCheck;
  /** Decides without recording or counting. */
  readonly dryRun: (login: Login) => Decision;
  /** Null: `/nginx-auth` refuses, because nobody checks passwords. */
  readonly askBackend: AskBackend | null;
  readonly missing: () => Readonly<Record<string, string>>;
  readonly condition: () => object;
}

const DecisionBody = z.strictObject({ username: z.string(), ip: z.string(), dryRun: z.boolean().optional() });

export function agentRoutes({ checkFor, dryRun, askBackend, missing, condition }: RoutesOptions): Routes {
  const [decide, dovecot, nginx] = [checkFor('decisions'), checkFor('dovecot-policy'), checkFor('nginx-auth')];
  return {
    'POST /decisions': async (sent) => {
      const body = DecisionBody.safeParse(sent);
      if (!body.success)
        return problem(422, 'validation-failed', `Send {"username", "ip"}. ${z.prettifyError(body.error)}`);
      const { username, ip, dryRun: dry = false } = body.data;
      return json(200, dry ? dryRun({ username, ip }) : await decide({ username, ip }));
    },
    // Dovecot treats any status but 200 as "no opinion", so an unreadable request is refused with 200.
    'POST /dovecot-policy': async (sent, { query }) => json(200, await answerDovecotPolicy(query, sent, dovecot)),
    'GET /nginx-auth': async (_, { headers }) => ({
      status: 200,
      headers: await answerNginx(headers(), askBackend, nginx),
      body: '',
    }),
    'GET /health/live': async () => json(200, { status: 'live', ...BUILD }),
    'GET /health/ready': async () => {
      const lacks = missing();
      const why = Object.entries(lacks).map(([name, reason]) => `${name} (${reason})`);
      if (why.length === 0) return json(200, { status: 'ready', ...BUILD, ...condition() });
      return problem(503, 'not-ready', `Missing: ${why.join('; ')}.`, { missing: lacks, ...condition() });
    },
    'GET /metrics': async () => ({
      status: 200,
      headers: { 'content-type': metrics.contentType },
      body: await metrics.metrics(),
    }),
  };
}

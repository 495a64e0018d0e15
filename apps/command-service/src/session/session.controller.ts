import { Body, Controller, Delete, Get, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { AccessCheck, crossSiteRequest, SESSION_HOURS } from '@postern/access';
import { Deadline } from '@postern/async';
import type { ApiKeyId, TenantId } from '@postern/contracts';
import {
  Allow,
  Caller,
  callerScheme,
  databaseFailed,
  Described,
  Documented,
  isSameOrigin,
  json,
  Problem,
  Public,
  roleView,
  SESSION_COOKIE,
  text,
  time,
  uuid,
  view,
  viewOf,
  type Principal,
  type Session,
} from '@postern/http';
import { SETTINGS, type RuntimeSettings } from '@postern/settings';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { WRITE_DEADLINE_MS } from '../write/writes.js';
import { LINK_MINUTES, Sessions, signInLinkView, type SignInLink } from './sessions.js';

export const LONGEST_SECRET = 256;

const secret = (example: string) =>
  z
    .string()
    .max(LONGEST_SECRET, `At most ${LONGEST_SECRET} characters.`)
    .optional()
    .meta({ examples: [example] });
const SignInBody = z
  .strictObject({
    key: secret('pst_admin_019ab1bf-9d20-7a33-8c1e-5b6d7f809a11_<secret>'),
    code: secret('<code of a sign-in link>'),
  })
  .refine(
    ({ key, code }) => (key === undefined) !== (code === undefined),
    'Send either "key", an API key, or "code", that of a sign-in link.',
  );

const whoAmIView = view('WhoAmI', 'The API key of this request, and the session if one was used.', {
  role: roleView,
  tenantId: text<TenantId>('acme', 'Null: the key belongs to no tenant.').nullable(),
  keyId: text<ApiKeyId>('019ab1bf-9d20-7a33-8c1e-5b6d7f809a11'),
  name: text('ci'),
  session: viewOf<Session>('Session', 'What a browser signed in to.', {
    id: uuid('019ab1c3-2b4d-7f10-9c6e-8d7a6b5c4e3f'),
    expiresAt: time(
      '2026-11-01T20:00:00.000Z',
      'When the link expires if nobody uses it. RFC 3339, UTC, milliseconds.',
    ),
  }).nullable(),
});
export type WhoAmI = z.infer<typeof whoAmIView>;

@Controller('v1')
export class SessionController {
  constructor(
    @Inject(Sessions) private readonly sessions: Sessions,
    @Inject(AccessCheck) private readonly access: AccessCheck,
    @Inject(SETTINGS) private readonly settings: RuntimeSettings,
  ) {}

  @Post('session')
  @Public()
  @HttpCode(201)
  @Described({
    tag: 'Yourself',
    summary: 'Sign in: exchange an API key, or the code of a sign-in link, for a session cookie',
    description: `For browsers; scripts send the key itself. A session ends ${SESSION_HOURS.unused} hours after its last use, after ${SESSION_HOURS.most / 24} days, when you sign out, or when its key is revoked. Keys of the role relay cannot sign in.`,
    status: 201,
    answer: json(whoAmIView),
    responseHeaders: ['Set-Cookie'],
    problems: [
      'api-key-invalid',
      'sign-in-code-invalid',
      'role-not-allowed',
      'cross-site-request',
      'too-many-requests',
    ],
  })
  async signIn(
    @Body({ schema: SignInBody }) { key, code = '' }: z.infer<typeof SignInBody>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<WhoAmI> {
    // An attacker who signs somebody in with a key of their own could see what is typed then.
    if (isSameOrigin(request, this.settings.trustedProxies) === false) throw crossSiteRequest();
    const by = key === undefined ? { code } : { keyId: await this.keyOf(request, key) };
    const cookie = await inTime(() => this.sessions.signIn(by));
    if (cookie === null) throw this.access.refused(request, invalidCode());
    // The cookie of the request is replaced, so that nobody else can have chosen the session.
    const signedIn = await this.access.prove(request, { kind: 'session', text: cookie });
    this.setCookie(reply, cookie, SESSION_HOURS.most * 3_600);
    return whoIs(signedIn);
  }

  @Delete('session')
  @Allow('operator', 'admin', 'auditor')
  @HttpCode(204)
  @Described({
    tag: 'Yourself',
    summary: 'Sign out: end the session of the cookie',
    description: 'The session ends within a second. A request with an API key ends no session.',
    status: 204,
    responseHeaders: ['Set-Cookie'],
  })
  async signOut(@Caller() { session }: Principal, @Res({ passthrough: true }) reply: FastifyReply): Promise<void> {
    if (!session) return;
    await inTime(() => this.sessions.signOut(session.id));
    this.setCookie(reply, '', 0);
  }

  @Get('whoami')
  @Allow('operator', 'admin', 'auditor', 'relay')
  @Documented({
    tag: 'Yourself',
    summary: 'The role, the tenant and the name of your API key, and your session',
    answer: json(whoAmIView),
  })
  getWhoami(@Caller() caller: Principal): WhoAmI {
    return whoIs(caller);
  }

  @Post('sign-in-links')
  @Allow('operator', 'admin', 'auditor')
  @HttpCode(201)
  @Described({
    tag: 'Yourself',
    summary: 'Create a link that signs one browser in with your API key',
    description: `It can be used once, within ${LINK_MINUTES} minutes. It needs the key itself: a session cannot create one.`,
    status: 201,
    answer: json(signInLinkView),
  })
  makeSignInLink(@Caller() { actor, session }: Principal): Promise<SignInLink> {
    // Otherwise a session could prolong itself for ever, link after link, even after signing out.
    if (session) throw new Problem('role-not-allowed', 'A session cannot create sign-in links. Send the API key.');
    return inTime(() => this.sessions.makeLink(actor.keyId));
  }

  private async keyOf(request: FastifyRequest, text: string): Promise<ApiKeyId> {
    const { actor } = await this.access.prove(request, { kind: 'api-key', text });
    this.access.count(request);
    if (actor.role === 'relay')
      throw new Problem(
        'role-not-allowed',
        'A key of the role relay cannot sign in. Use one of an operator, admin or auditor.',
      );
    return actor.keyId;
  }

  private setCookie(reply: FastifyReply, value: string, seconds: number): void {
    const secure = callerScheme(reply.request, this.settings.trustedProxies) === 'https' ? '; Secure' : '';
    void reply.header(
      'set-cookie',
      `${SESSION_COOKIE}=${value}; HttpOnly; SameSite=Strict; Path=/; Max-Age=${seconds}${secure}`,
    );
  }
}

function whoIs({ actor: { role, keyId, name }, tenantId, session }: Principal): WhoAmI {
  return { role, tenantId, keyId, name, session };
}

function invalidCode(): Problem {
  return new Problem(
    'sign-in-code-invalid',
    'The sign-in link was used, has expired, or is not complete. Create a new one.',
    {
      headers: { 'www-authenticate': 'Bearer realm="postern"' },
    },
  );
}

function inTime<Result>(work: () => Promise<Result>): Promise<Result> {
  return Deadline.within(WRITE_DEADLINE_MS, work, () =>
    databaseFailed(`The database did not confirm it within ${WRITE_DEADLINE_MS / 1_000} s. Send it again shortly.`),
  );
}

import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from '@tanstack/react-router';
import type { QueryClient } from '@tanstack/react-query';
import { queryClient } from './api/query-client.js';
import { isSignedOut, whoAmI } from './api/session.js';
import { REASON_CODES } from './denials/words.js';
import { PERIODS } from './pages/audit/period.js';
import { oneOf, searchOf, text } from './search.js';
import { Frame } from './shell/Frame.js';
import { NotFound, RouteError } from './ui/States.js';

const root = createRootRouteWithContext<{ queryClient: QueryClient }>()();

/** Every page except sign-in and help. After signing in, the person returns to the requested page. */
const signedIn = createRoute({
  getParentRoute: () => root,
  id: 'signed-in',
  beforeLoad: async ({ context, location }) => {
    try {
      return { me: await context.queryClient.ensureQueryData(whoAmI) };
    } catch (error) {
      if (isSignedOut(error)) throw redirect({ to: '/sign-in', search: { next: location.href } });
      throw error;
    }
  },
  component: Frame,
});

const home = createRoute({
  getParentRoute: () => signedIn,
  path: '/',
  beforeLoad: ({ context }) => {
    const { tenantId } = context.me;
    if (tenantId === null) throw redirect({ to: '/operator/tenants' });
    throw redirect({ to: '/t/$tenantId/smtp-users', params: { tenantId } });
  },
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: searchOf((search) => ({ next: text(search['next']) })),
  component: lazyRouteComponent(() => import('./pages/sign-in/SignIn.js'), 'SignIn'),
});

const help = createRoute({
  getParentRoute: () => root,
  path: '/help/ip-not-authorized',
  component: lazyRouteComponent(() => import('./pages/help/IpNotAuthorized.js'), 'IpNotAuthorized'),
});

const tenant = createRoute({ getParentRoute: () => signedIn, path: '/t/$tenantId' });

const USER_STATES = ['restricted', 'refusing', 'report-only', 'expiring', 'expired', 'unrestricted'] as const;
const smtpUsers = createRoute({
  getParentRoute: () => tenant,
  path: '/smtp-users',
  validateSearch: searchOf((search) => ({ query: text(search['query']), state: oneOf(USER_STATES, search['state']) })),
  component: lazyRouteComponent(() => import('./pages/smtp-users/SmtpUsers.js'), 'SmtpUsers'),
});

const smtpUser = createRoute({
  getParentRoute: () => tenant,
  path: '/smtp-users/$smtpUserId',
  validateSearch: searchOf((search) => ({
    tab: oneOf(['denied', 'sources', 'history'] as const, search['tab']),
    why: text(search['why']),
    /** The time in the box "Why?"; without it, now. */
    at: text(search['at']),
  })),
  component: lazyRouteComponent(() => import('./pages/smtp-user/SmtpUser.js'), 'SmtpUser'),
});

const period = (search: Record<string, unknown>) => ({
  period: oneOf(PERIODS, search['period']),
  from: text(search['from']),
  to: text(search['to']),
});
const open = (search: Record<string, unknown>) => ({ open: text(search['open']) });

const denials = createRoute({
  getParentRoute: () => tenant,
  path: '/denials',
  validateSearch: searchOf((search) => ({
    ...period(search),
    ip: text(search['ip']),
    username: text(search['username']),
    relay: text(search['relay']),
    reason: oneOf(REASON_CODES, search['reason']),
    refused: oneOf(['true', 'false'] as const, search['refused']),
    ...open(search),
  })),
  component: lazyRouteComponent(() => import('./pages/audit/Denials.js'), 'Denials'),
});

const changes = createRoute({
  getParentRoute: () => tenant,
  path: '/changes',
  validateSearch: searchOf((search) => ({
    ...period(search),
    actor: text(search['actor']),
    username: text(search['username']),
    ...open(search),
  })),
  component: lazyRouteComponent(() => import('./pages/audit/Changes.js'), 'Changes'),
});

const apiKeys = createRoute({
  getParentRoute: () => tenant,
  path: '/api-keys',
  component: lazyRouteComponent(() => import('./pages/api-keys/ApiKeys.js'), 'TenantApiKeys'),
});

const reply = createRoute({
  getParentRoute: () => tenant,
  path: '/reply',
  component: lazyRouteComponent(() => import('./pages/reply/Reply.js'), 'Reply'),
});

const operator = createRoute({
  getParentRoute: () => signedIn,
  path: '/operator',
  beforeLoad: ({ context }) => {
    if (context.me.role !== 'operator') throw redirect({ to: '/' });
  },
});

const tenants = createRoute({
  getParentRoute: () => operator,
  path: '/tenants',
  component: lazyRouteComponent(() => import('./pages/operator/Tenants.js'), 'Tenants'),
});
const relays = createRoute({
  getParentRoute: () => operator,
  path: '/relays',
  component: lazyRouteComponent(() => import('./pages/operator/Relays.js'), 'Relays'),
});
const system = createRoute({
  getParentRoute: () => operator,
  path: '/system',
  component: lazyRouteComponent(() => import('./pages/operator/System.js'), 'System'),
});
const operatorKeys = createRoute({
  getParentRoute: () => operator,
  path: '/api-keys',
  component: lazyRouteComponent(() => import('./pages/api-keys/ApiKeys.js'), 'OperatorApiKeys'),
});

export const router = createRouter({
  routeTree: root.addChildren([
    signIn,
    help,
    signedIn.addChildren([
      home,
      tenant.addChildren([smtpUsers, smtpUser, denials, changes, apiKeys, reply]),
      operator.addChildren([tenants, relays, system, operatorKeys]),
    ]),
  ]),
  context: { queryClient },
  defaultPreload: 'intent',
  defaultErrorComponent: RouteError,
  // Within the frame if the beginning of the path is a page of it.
  defaultNotFoundComponent: NotFound,
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}

import { denialReasonView, exported, pageView, text, time, view, whole } from '@postern/http';
import { z } from 'zod';
import { MAX_NEIGHBOURS } from './denied-ip-record.js';
import { USERS_OF_PROXY } from './find-proxies.js';
import { DENIED_IP_COLUMNS, type DeniedIp } from './list-denied-ips.query.js';
import type { SuggestedEntry } from './suggest-entries.js';

const suggestedEntryView = view<SuggestedEntry>('SuggestedEntry', 'An entry that would let the address in.', {
  range: text('203.0.113.9', 'Canonical, as an entry’s range.'),
  why: text('It is the address itself.'),
  covers: whole(
    1,
    1,
    `How many denied addresses of this SMTP user the range covers. Counting ends at ${MAX_NEIGHBOURS}.`,
  ),
});

const deniedIpView = view<DeniedIp>('DeniedIp', 'An address from which an SMTP user was denied.', {
  ip: text('203.0.113.9'),
  count: whole(1, 12, 'Logins.'),
  firstDeniedAt: time('2026-11-01T08:00:00.000Z'),
  lastDeniedAt: time('2026-11-02T09:30:00.000Z'),
  relays: z.array(text('mx1')),
  reasons: z.array(denialReasonView),
  stillDenied: z.boolean().meta({ description: 'Whether a login from there would be a denial now.' }),
  looksLikeProxy: z.boolean().meta({
    description: `Whether it is a private address that was denied for ${USERS_OF_PROXY} or more SMTP users of the tenant. It is then most likely your own proxy or NAT: no entry is suggested for it, since an entry would let in everyone behind it. Make the proxy pass on the address of the client.`,
  }),
  suggestedEntries: z.array(suggestedEntryView),
});

/** A page of denied addresses; or all of them as NDJSON or CSV. */
export const deniedIpAnswers = exported(
  pageView('DeniedIpPage', deniedIpView),
  deniedIpView,
  `${DENIED_IP_COLUMNS.join(',')}\r\n`,
);

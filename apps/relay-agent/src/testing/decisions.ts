import type { Decision } from '@postern/relay-client';
import type { Login, LoginCheck } from '../login-check.js';

export const ALLOW: Decision = {
  decision: 'allow',
  reason: 'unrestricted',
  mode: 'enforce',
  matched: null,
  reply: null,
};
export const DENY: Decision = {
  decision: 'deny',
  reason: 'ip-not-authorized',
  mode: 'enforce',
  matched: null,
  reply: { code: 535, enhanced: '5.7.1', text: 'IP not authorized' },
};
export const OPAQUE: Decision = { ...DENY, reply: { code: 535, enhanced: '5.7.8', text: 'Authentication failed' } };
export const DEFER: Decision = {
  decision: 'defer',
  reason: 'smtp-user-unknown',
  mode: null,
  matched: null,
  reply: { code: 454, enhanced: '4.7.0', text: 'Temporary authentication failure' },
};

/** A check that answers what it is set to, and remembers what it was asked. */
export function settableCheck(): { logins: Login[]; answer: Decision; check: LoginCheck } {
  const state = {
    logins: [] as Login[],
    answer: ALLOW,
    check: async (login: Login) => {
      state.logins.push(login);
      return state.answer;
    },
  };
  return state;
}

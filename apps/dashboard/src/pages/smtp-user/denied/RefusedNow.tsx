import type { SmtpUser } from '../smtp-user.js';

/** Logins that are refused at this moment, and the button that allows their address. */
export function RefusedNow(_props: { readonly user: SmtpUser }) {
  return null;
}

import type { SmtpUser } from '../smtp-user.js';

/** The addresses from which this SMTP user was denied. */
export function Denied(_props: { readonly user: SmtpUser }) {
  return null;
}

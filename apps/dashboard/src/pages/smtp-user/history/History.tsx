import type { SmtpUser } from '../smtp-user.js';

/** The changes of this SMTP user, with before and after. */
export function History(_props: { readonly user: SmtpUser }) {
  return null;
}

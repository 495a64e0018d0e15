import type { SmtpUser } from '../smtp-user.js';

/** The allow list of one SMTP user. */
export function Entries(_props: { readonly user: SmtpUser }) {
  return null;
}

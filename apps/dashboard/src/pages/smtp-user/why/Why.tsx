import type { SmtpUser } from '../smtp-user.js';

/** Takes an address and shows what would be decided, and why. */
export function Why(_props: { readonly user: SmtpUser }) {
  return null;
}

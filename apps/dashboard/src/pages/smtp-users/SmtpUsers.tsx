import { Page } from '../../ui/Page.js';

export function SmtpUsers() {
  return <Page title="SMTP users">{null}</Page>;
}

import { Page } from '../../ui/Page.js';

export function SmtpUser() {
  return <Page title="SMTP user">{null}</Page>;
}

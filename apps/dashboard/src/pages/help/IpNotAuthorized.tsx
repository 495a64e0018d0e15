import { Page } from '../../ui/Page.js';

export function IpNotAuthorized() {
  return <Page title="IP not authorized">{null}</Page>;
}

import { Page } from '../../ui/Page.js';

export function Reply() {
  return <Page title="Reply">{null}</Page>;
}

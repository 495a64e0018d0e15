import { Page } from '../../ui/Page.js';

export function Changes() {
  return <Page title="Changes">{null}</Page>;
}

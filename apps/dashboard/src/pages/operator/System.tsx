import { Page } from '../../ui/Page.js';

export function System() {
  return <Page title="System">{null}</Page>;
}

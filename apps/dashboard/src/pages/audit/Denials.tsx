import { Page } from '../../ui/Page.js';

export function Denials() {
  return <Page title="Denials">{null}</Page>;
}

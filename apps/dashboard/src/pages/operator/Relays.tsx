import { Page } from '../../ui/Page.js';

export function Relays() {
  return <Page title="Relays">{null}</Page>;
}

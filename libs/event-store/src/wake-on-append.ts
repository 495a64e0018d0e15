import { Listener } from '@postern/database';

/** What `journal.append` notifies. */
const CHANNEL = 'journal_appended';

/** Calls `onWake` after every commit of an append. It only wakes: the feed is the truth. `url` is that of any role, with its password. */
export function wakeOnAppend(url: string, onWake: () => void): Listener {
  return new Listener({ url, name: 'journal', channels: [CHANNEL], onWake });
}

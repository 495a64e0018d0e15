/** How this machine’s keyboards name a key with Ctrl or ⌘. */
export const withCtrl = (key: string): string =>
  /Mac|iPhone|iPad/.test(navigator.userAgent) ? `⌘${key}` : `Ctrl ${key}`;

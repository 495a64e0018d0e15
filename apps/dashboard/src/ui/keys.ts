/** The name of a key with Ctrl or ⌘, depending on the machine. */
export const withCtrl = (key: string): string =>
  /Mac|iPhone|iPad/.test(navigator.userAgent) ? `⌘${key}` : `Ctrl ${key}`;

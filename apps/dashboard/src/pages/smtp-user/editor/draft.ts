import { listAsText, type Listed } from './list-as-text.js';

export type EditorMode = 'add' | 'replace';

/** What is being typed, and the list that it was typed for. */
export interface Draft {
  readonly mode: EditorMode;
  readonly text: string;
  /** For added lines that say none. */
  readonly note: string;
  readonly expiresAt: string | null;
  /** The list when the editor was opened, and its version, which saving must still find. */
  readonly base: { readonly version: number; readonly entries: readonly Listed[] };
}

export function newDraft(base: Draft['base'], mode: EditorMode, text?: string): Draft {
  const entries = base.entries.map(({ range, note, expiresAt }) => ({ range, note, expiresAt }));
  return {
    mode,
    text: text ?? (mode === 'replace' ? listAsText(entries) : ''),
    note: '',
    expiresAt: null,
    base: { version: base.version, entries },
  };
}

/** Whether there is something to lose. */
export function isDirty({ mode, text, base }: Draft): boolean {
  return mode === 'add' ? text.trim() !== '' : text !== listAsText(base.entries);
}

/** The same words in the other mode. The text of the list is put before what was typed to be added; nothing that was typed is lost. */
export function inMode(draft: Draft, mode: EditorMode): Draft {
  if (mode === draft.mode) return draft;
  if (mode === 'add') return { ...draft, mode, text: isDirty(draft) ? draft.text : '' };
  return { ...draft, mode, text: listAsText(draft.base.entries) + draft.text };
}

// Drafts outlive the dialog, a reload and a crash of the page, until the browser's tab is closed.

const keyOf = (smtpUserId: string): string => `postern:draft:${smtpUserId}`;

export function storedDraft(smtpUserId: string): Draft | null {
  try {
    const stored = sessionStorage.getItem(keyOf(smtpUserId));
    return stored === null ? null : (JSON.parse(stored) as Draft);
  } catch {
    return null;
  }
}

/** Keeps what is worth keeping; null forgets it. */
export function storeDraft(smtpUserId: string, draft: Draft | null): void {
  try {
    if (draft === null || !isDirty(draft)) sessionStorage.removeItem(keyOf(smtpUserId));
    else sessionStorage.setItem(keyOf(smtpUserId), JSON.stringify(draft));
  } catch {
    // No storage, or a full one: the text is kept as long as the dialog is open.
  }
}

import type { ModeSetting, Restriction } from '../smtp-user.js';
import { listAsText, type Listed } from './list-as-text.js';

export type EditorMode = 'add' | 'replace';

export interface Draft {
  readonly mode: EditorMode;
  readonly text: string;
  /** For added lines without a note. */
  readonly note: string;
  readonly expiresAt: string | null;
  /** The mode to save a first list with; null: the mode that it has. */
  readonly setting: ModeSetting | null;
  /** The restriction when the editor was opened. Saving is refused if it has another version by then. */
  readonly base: Pick<Restriction, 'version' | 'restricted' | 'mode'> & { readonly entries: readonly Listed[] };
}

export function newDraft(restriction: Draft['base'], mode: EditorMode, text?: string): Draft {
  const { version, restricted, mode: inForce } = restriction;
  const entries = restriction.entries.map(({ range, note, expiresAt }) => ({ range, note, expiresAt }));
  return {
    mode,
    text: text ?? (mode === 'replace' ? listAsText(entries) : ''),
    note: '',
    expiresAt: null,
    setting: null,
    base: { version, restricted, mode: inForce, entries },
  };
}

export function isDirty({ mode, text, base }: Draft): boolean {
  return mode === 'add' ? text.trim() !== '' : text !== listAsText(base.entries);
}

/** Changes the mode and loses no text: replacing puts the present list before the lines that were to be added. */
export function inMode(draft: Draft, mode: EditorMode): Draft {
  if (mode === draft.mode) return draft;
  if (mode === 'add') return { ...draft, mode, text: isDirty(draft) ? draft.text : '' };
  return { ...draft, mode, text: listAsText(draft.base.entries) + draft.text };
}

// A draft is kept over a closed dialog, a reload and a crash of the page, until the browser's tab is closed.

const keyOf = (smtpUserId: string): string => `postern:draft:${smtpUserId}`;

export function storedDraft(smtpUserId: string): Draft | null {
  try {
    const stored = sessionStorage.getItem(keyOf(smtpUserId));
    return stored === null ? null : (JSON.parse(stored) as Draft);
  } catch {
    return null;
  }
}

export function storeDraft(smtpUserId: string, draft: Draft | null): void {
  try {
    if (draft === null || !isDirty(draft)) sessionStorage.removeItem(keyOf(smtpUserId));
    else sessionStorage.setItem(keyOf(smtpUserId), JSON.stringify(draft));
  } catch {
    // No storage, or no room: the text is kept only while the dialog is open.
  }
}

import type { Restriction } from '../smtp-user.js';
import { differenceOf, merged, type Change } from './difference.js';
import { listAsText, listedOf, type Listed } from './list-as-text.js';

/** `add`: the lines are added to the list. `replace`: they become the list. */
export type EditorMode = 'add' | 'replace';

export interface Draft {
  readonly mode: EditorMode;
  readonly text: string;
  /** For added lines without a note. */
  readonly note: string;
  readonly expiresAt: string | null;
  /** It restricts the SMTP user for the first time. */
  readonly isFirst: boolean;
  /** Saves a first list with the mode `report-only`. Otherwise the list keeps the mode that it has. */
  readonly reportOnly: boolean;
  /** The restriction that the draft changes. Saving is refused if it has another version by then. */
  readonly base: Pick<Restriction, 'version' | 'restricted' | 'mode'> & { readonly entries: readonly Listed[] };
  /** After such a refusal: what somebody else has changed since the editor was opened. */
  readonly theirs: readonly Change[] | null;
  /** The mode that somebody else has set meanwhile; null if it has not changed. */
  readonly theirMode: Restriction['mode'] | null;
}

type Base = Draft['base'];

const baseOf = ({ version, restricted, mode, entries }: Base): Base => ({
  version,
  restricted,
  mode,
  entries: entries.map(listedOf),
});

export function newDraft(restriction: Base, mode: EditorMode, text?: string): Draft {
  const base = baseOf(restriction);
  return {
    mode,
    text: text ?? (mode === 'replace' ? listAsText(base.entries) : ''),
    note: '',
    expiresAt: null,
    isFirst: !base.restricted,
    reportOnly: false,
    base,
    theirs: null,
    theirMode: null,
  };
}

export function isDirty({ mode, text, base }: Draft): boolean {
  return mode === 'add' ? text.trim() !== '' : text !== listAsText(base.entries);
}

/**
 * The draft as a change of the list that somebody else has saved. A text of the complete list gets their changes.
 * @param mine the list that the draft makes of its base
 */
export function rebased(draft: Draft, theirs: Base, mine: readonly Listed[]): Draft {
  const base = baseOf(theirs);
  const before = draft.base.entries;
  return {
    ...draft,
    ...(draft.mode === 'replace' && { text: listAsText(merged(before, base.entries, mine)) }),
    base,
    theirs: differenceOf(before, base.entries),
    theirMode: base.mode === draft.base.mode ? draft.theirMode : base.mode,
  };
}

// A draft is kept over a closed dialog, another page and a reload, until the browser's tab is closed.

const keyOf = (smtpUserId: string, mode: EditorMode): string => `postern:draft:${mode}:${smtpUserId}`;

export function storedDraft(smtpUserId: string, mode: EditorMode): Draft | null {
  try {
    return JSON.parse(sessionStorage.getItem(keyOf(smtpUserId, mode)) ?? 'null') as Draft | null;
  } catch {
    return null;
  }
}

export function storeDraft(smtpUserId: string, mode: EditorMode, draft: Draft | null): void {
  try {
    if (draft === null) sessionStorage.removeItem(keyOf(smtpUserId, mode));
    else sessionStorage.setItem(keyOf(smtpUserId, mode), JSON.stringify(draft));
  } catch {
    // No storage, or no room: the text is kept only while the dialog is open.
  }
}

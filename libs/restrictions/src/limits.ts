/** Entries on one restriction, the expired ones too. */
export const MAX_ENTRIES = 1_000;

/** Characters (UTF-16 code units) of an entry's note. */
export const MAX_NOTE_LENGTH = 500;

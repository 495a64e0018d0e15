export type Wanted = 'address' | 'range';

/** A known way to write an address wrongly, found in a text. */
export interface Mistake {
  /** What is wrong, as a sentence. */
  readonly detail: string;
  /** What may have been meant, the likeliest first; it need not be right in all else. */
  readonly meant: readonly string[];
}

/** Finds one kind of mistake; null where the text has none of it. */
export type FindMistake = (text: string, wanted: Wanted) => Mistake | null;

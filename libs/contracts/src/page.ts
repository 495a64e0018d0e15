export interface Page<Item> {
  readonly items: readonly Item[];
  /** For `?cursor=`, unchanged; null on the last page. */
  readonly nextCursor: string | null;
}

/** A page of a list of the HTTP API. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** For `?cursor=`, unchanged; null on the last page. */
  readonly nextCursor: string | null;
}

/** A start that failed; its message tells all that its reader needs. */
export class StartFailed extends Error {
  override readonly name = 'StartFailed';
}

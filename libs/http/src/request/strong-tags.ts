/** `W/` of a proxy that compresses (nginx), or a suffix within the quotes (Apache: `-gzip`, Jetty: `--gzip`). */
const CHANGED_TAG = /(?:W\/)?"(\d{1,9})(?:--?(?:gzip|br|zstd|deflate))?"/g;

/** The value of `If-Match` with each version's tag as we sent it, whatever a proxy on the way has made of it. */
export function strongTags(ifMatch: string): string {
  return ifMatch.trim().replace(CHANGED_TAG, '"$1"');
}

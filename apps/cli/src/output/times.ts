/** A time of the API for people: without milliseconds, still RFC 3339, so that it can be pasted into `--at` or `--from`. */
export function shortTime(time: string | null): string {
  return time === null ? '-' : time.replace(/\.\d+Z$/, 'Z');
}

/** A PostgreSQL array, to be cast: `$1::uuid[]`. Control characters in texts are lost. The driver would escape each element by two regular expressions. */
export function arrayLiteral(values: readonly (string | number | null)[]): string {
  return `{${JSON.stringify(values).slice(1, -1)}}`;
}

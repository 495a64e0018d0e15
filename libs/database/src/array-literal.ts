/**
 * A PostgreSQL array, to be cast: `$1::uuid[]`. JSON writes numbers, null and strings without control characters as PostgreSQL reads them. Of
 * other strings, the control characters are lost. The driver escapes each element by two regular expressions.
 */
export function arrayLiteral(values: readonly (string | number | null)[]): string {
  return `{${JSON.stringify(values).slice(1, -1)}}`;
}

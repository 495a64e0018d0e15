const ESCAPES: Readonly<Record<string, string>> = { '0': '\0', '1': '\u0001', t: '\t', n: '\n', r: '\r' };

/** TAB separates the fields of a line in Dovecot's auth protocol; `\001` begins an escape. */
export function fieldsOf(line: string): string[] {
  // oxlint-disable-next-line no-control-regex -- the protocol's own escape character
  return line.split('\t').map((field) => field.replace(/\u0001(.)/gs, (_, code: string) => ESCAPES[code] ?? code));
}

export function lineOf(fields: readonly string[]): string {
  return `${fields.map(escaped).join('\t')}\n`;
}

/** Undefined if it is missing or repeated, because nobody can say which value is valid. */
export function parameter(fields: readonly string[], name: string): string | undefined {
  const found = fields.filter((field) => field.startsWith(`${name}=`));
  return found.length === 1 ? found[0]?.slice(name.length + 1) : undefined;
}

function escaped(field: string): string {
  return field
    .replaceAll('\u0001', '\u00011')
    .replaceAll('\0', '\u00010')
    .replaceAll('\t', '\u0001t')
    .replaceAll('\n', '\u0001n')
    .replaceAll('\r', '\u0001r');
}
